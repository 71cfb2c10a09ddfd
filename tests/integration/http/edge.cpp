// SPDX-License-Identifier: Apache-2.0
#include "edge.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <charconv>

#include "common/http/respond.hpp"

namespace calsync::testing {
namespace {

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// The answer at the front of `bytes`, if it is complete.
std::optional<std::size_t> answer_size(std::string_view bytes, bool head_only) {
  constexpr std::string_view length_name = "\r\nContent-Length: ";
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view head = bytes.substr(0, end + 4);
  const auto at = head.find(length_name);
  std::size_t length = 0;
  if (at != std::string_view::npos && !head_only) {
    std::from_chars(head.data() + at + length_name.size(), head.data() + head.size(), length);
  }
  if (bytes.size() < head.size() + length) return std::nullopt;
  return head.size() + length;
}

Answer parse_answer(std::string_view bytes) {
  Answer answer;
  const auto end = bytes.find("\r\n\r\n") + 4;
  answer.head = bytes.substr(0, end);
  answer.body = bytes.substr(end);
  REQUIRE(answer.head.starts_with("HTTP/1.1 "));
  std::from_chars(answer.head.data() + 9, answer.head.data() + 12, answer.status);
  return answer;
}

}  // namespace

Edge::Edge(http::ServerOptions options, http::Handler handler)
    : handler_(std::move(handler)),
      log_(clock, Level::debug, [this](std::string_view line) { log_text += line; }),
      server(io.get_executor(), clock, log_, [this](http::Request one) { return record(std::move(one)); }, options) {
  asio::co_spawn(io, server.serve(), rethrow);
  settle();
}

Edge::~Edge() = default;

Task<http::Response> Edge::record(http::Request one) {
  requests.push_back(one);
  if (!handler_) co_return http::json_response(200, R"({"ok":true})");
  http::Response response = co_await handler_(std::move(one));
  co_return response;
}

void Edge::settle() {
  io.restart();
  while (io.poll() > 0) io.restart();
}

void Edge::wait() {
  io.restart();
  if (io.run_one_for(std::chrono::seconds(10)) == 0) FAIL("nothing happened for ten seconds");
}

void Edge::advance(Duration time) {
  settle();
  clock.advance(time);
  settle();
}

Task<void> Edge::watch_drain(Duration limit) {
  const bool all = co_await server.drained(limit);
  drained_ = all;
}

void Edge::begin_drained(Duration limit) {
  asio::co_spawn(io, watch_drain(limit), rethrow);
  settle();
}

bool Answer::has(std::string_view header_line) const {
  return head.find("\r\n" + std::string(header_line) + "\r\n") != std::string::npos;
}

Client::Client(Edge& edge) : edge_(edge), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  REQUIRE(socket_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(edge.server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected != 0) gone_ = true;
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  edge_.settle();
}

Client::~Client() {
  ::close(socket_);
  edge_.settle();
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty() && !gone_) {
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      edge_.wait();
    } else {
      gone_ = true;
    }
    edge_.settle();
  }
}

void Client::send_unseen(std::string_view bytes) {
  const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  REQUIRE(count == static_cast<ssize_t>(bytes.size()));
}

void Client::send_singly(std::string_view bytes) {
  constexpr std::size_t long_run = 20000;
  constexpr std::size_t edge_of_it = 1000;
  for (std::size_t i = 0; i < bytes.size() && !gone_; ++i) {
    // The middle of a long body says nothing new.
    const std::size_t ahead = bytes.size() > long_run && i == edge_of_it ? bytes.size() - 2 * edge_of_it : 1;
    send(bytes.substr(i, ahead));
    i += ahead - 1;
  }
}

void Client::end_sending() {
  ::shutdown(socket_, SHUT_WR);
  edge_.settle();
}

void Client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
  edge_.settle();
}

Client::Got Client::take() {
  char bytes[16384];
  const auto count = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count > 0) {
    received_.append(bytes, static_cast<std::size_t>(count));
    return Got::bytes;
  }
  if (count == 0) return Got::end;
  return errno == EAGAIN ? Got::nothing : Got::reset;
}

Answer Client::read_answer(bool head_only) {
  for (;;) {
    if (const auto size = answer_size(received_, head_only)) {
      Answer answer = parse_answer(std::string_view(received_).substr(0, *size));
      received_.erase(0, *size);
      return answer;
    }
    const Got got = take();
    if (got == Got::nothing) {
      edge_.wait();
      edge_.settle();
    }
    if (got == Got::end || got == Got::reset) FAIL("the connection ended before an answer came: " << received_);
  }
}

std::string Client::read_to_end() {
  for (;;) {
    const Got got = take();
    if (got == Got::end) return std::exchange(received_, {});
    if (got == Got::reset) FAIL("the connection was reset after: " << received_.substr(0, 300));
    if (got == Got::nothing) edge_.wait();
    edge_.settle();
  }
}

bool Client::closed() {
  edge_.settle();
  for (;;) {
    const Got got = take();
    if (got == Got::nothing) return false;
    if (got != Got::bytes) return true;
  }
}

std::string Client::exchange(std::string_view bytes, bool singly) {
  if (singly) {
    send_singly(bytes);
  } else {
    send(bytes);
  }
  end_sending();
  return read_to_end();
}

std::vector<Answer> split_answers(std::string_view bytes) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    const auto size = answer_size(bytes, false);
    if (!size) FAIL("an answer is incomplete: " << bytes.substr(0, 300));
    answers.push_back(parse_answer(bytes.substr(0, *size)));
    bytes.remove_prefix(*size);
  }
  return answers;
}

std::string request(const std::string& line, const std::vector<std::string>& headers, const std::string& body) {
  std::string bytes = line + "\r\nHost: calsync.test\r\n";
  for (const std::string& header : headers) bytes += header + "\r\n";
  return bytes + "\r\n" + body;
}

std::string post(const std::string& body) {
  return request("POST /in HTTP/1.1", {"Content-Length: " + std::to_string(body.size())}, body);
}

std::string post_chunked(const std::string& chunks) {
  return request("POST /in HTTP/1.1", {"Transfer-Encoding: chunked"}, chunks);
}

}  // namespace calsync::testing
