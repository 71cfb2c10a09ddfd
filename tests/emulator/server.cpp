// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <list>
#include <stdexcept>

#include "clock.hpp"
#include "provider.hpp"
#include "push_sender.hpp"
#include "service.hpp"
#include "text.hpp"

namespace boost {
// One request that trips an assertion of the parser costs its connection, not the process.
void assertion_failed(const char* expression, const char*, const char*, long) { throw std::logic_error(expression); }
void assertion_failed_msg(const char* expression, const char*, const char*, const char*, long) {
  throw std::logic_error(expression);
}
}  // namespace boost

namespace calsync::emulator {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::uint32_t header_limit = 256 * 1024;
constexpr std::uint64_t body_limit = 128 * 1024 * 1024;

struct Server {
  explicit Server(Provider& known) : provider(known), service(known) {}
  Provider& provider;
  Service service;
  std::list<asio::steady_timer*> waiting;  // answers that wait for a call
};

Request to_request(http::request<http::string_body>& message) {
  Request request;
  request.method = std::string(message.method_string());
  const auto target = message.target();
  request.set_target({target.data(), target.size()});
  for (const auto& field : message.base()) {
    const std::string value(trim({field.value().data(), field.value().size()}));
    std::string* target_field = request.field({field.name_string().data(), field.name_string().size()});
    if (!target_field) continue;
    if (target_field == &request.prefer && !target_field->empty())
      target_field->append(", ").append(value);
    else
      *target_field = value;
  }
  request.body = std::move(message.body());
  return request;
}

std::string head_of(const Response& response, bool keep_alive, std::size_t length) {
  static std::string date;
  static std::int64_t date_second = -1;
  if (const std::int64_t second = now_ms() / 1000; second != date_second) {
    date = http_date(second);
    date_second = second;
  }
  std::string head;
  head.reserve(400);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason_phrase(response.status));
  head.append("\r\nDate: ").append(date).append("\r\nServer: calsync-emulator\r\n").append(response.headers);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && !response.content_type.empty())
    head.append("Content-Type: ").append(response.content_type).append("\r\n");
  if (response.delivery == Delivery::endless) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (!bodiless) {
    head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
  }
  if (!keep_alive) head.append("Connection: close\r\n");
  head.append("\r\n");
  return head;
}

asio::awaitable<void> pause(std::int64_t milliseconds) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> wait_for_calls(Server& server, Response& response) {
  const auto executor = co_await asio::this_coro::executor;
  const auto deadline = asio::steady_timer::clock_type::now() + std::chrono::milliseconds(response.wait->timeout_ms);
  asio::steady_timer timer(executor);
  const auto place = server.waiting.insert(server.waiting.end(), &timer);
  bool in_time = response.wait->ready();
  while (!in_time && asio::steady_timer::clock_type::now() < deadline) {
    timer.expires_at(deadline);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    in_time = response.wait->ready();
  }
  server.waiting.erase(place);
  if (response.wait->finish)
    response.wait->finish(response, !in_time);
  else
    response.body = response.wait->body(!in_time);
}

// Closes with a reset, as a crashed peer does.
void reset(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

asio::awaitable<void> send_endless(tcp::socket& socket, std::string head, std::int64_t bytes) {
  co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
  const std::string chunk = "10000\r\n" + std::string(65536, ' ') + "\r\n";
  for (std::int64_t sent = 0; sent < bytes; sent += 65536)
    co_await asio::async_write(socket, asio::buffer(chunk), asio::use_awaitable);
  const std::string end = "0\r\n\r\n";
  co_await asio::async_write(socket, asio::buffer(end), asio::use_awaitable);
}

// False when the connection is over.
asio::awaitable<bool> send(Server& server, tcp::socket& socket, Response& response, bool keep_alive, bool head_only) {
  if (response.delivery == Delivery::drop_before) {
    reset(socket);
    co_return false;
  }
  const std::string head = head_of(response, keep_alive, response.body.size());
  if (response.delivery == Delivery::endless) {
    co_await send_endless(socket, head, server.provider.settings.oversized_bytes);
    co_return keep_alive;
  }
  std::string_view body = head_only || response.status == 204 || response.status == 304
                              ? std::string_view()
                              : std::string_view(response.body);
  if (response.delivery != Delivery::whole) body = body.substr(0, body.size() / 2);
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
  co_await asio::async_write(socket, parts, asio::use_awaitable);
  if (response.delivery == Delivery::drop_mid_body) reset(socket);
  co_return keep_alive&& response.delivery == Delivery::whole;
}

asio::awaitable<void> hold_back(Server& server, Response& response) {
  if (response.wait) co_await wait_for_calls(server, response);
  if (response.delay_ms > 0) co_await pause(response.delay_ms);
}

struct Running {
  explicit Running(CallLog& counted) : log(counted) { log.begin(); }
  ~Running() { log.end(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  CallLog& log;
};

asio::awaitable<void> serve_requests(Server& server, tcp::socket& socket) {
  boost::beast::flat_buffer buffer;
  for (bool alive = true; alive;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(header_limit);
    parser.body_limit(body_limit);
    co_await http::async_read_header(socket, buffer, parser, asio::use_awaitable);
    if (parser.get()[http::field::expect] == "100-continue") {
      const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(socket, asio::buffer(go_on), asio::use_awaitable);
    }
    co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
    const bool keep_alive = parser.get().keep_alive();
    Request request = to_request(parser.get());
    const bool head_only = request.method == "HEAD";
    const bool counted = !request.path.starts_with("/control/");
    std::optional<Running> running;
    if (counted) running.emplace(server.provider.calls);
    Response response = server.service.answer(request);
    if (response.wait || response.delay_ms > 0) co_await hold_back(server, response);
    alive = co_await send(server, socket, response, keep_alive, head_only);
  }
}

asio::awaitable<void> serve_connection(Server& server, tcp::socket socket) {
  // Whatever goes wrong on a connection ends it and nothing else.
  bool malformed = false;
  try {
    co_await serve_requests(server, socket);
  } catch (const boost::system::system_error& error) {
    malformed = error.code().category() == http::make_error_code(http::error::bad_method).category() &&
                error.code() != http::error::end_of_stream;
  } catch (const std::exception&) {
    malformed = true;
  }
  boost::system::error_code ignored;
  if (malformed) {
    const std::string refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(refusal), asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (socket.is_open()) socket.shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> accept_connections(Server& server, tcp::acceptor acceptor) {
  const auto executor = co_await asio::this_coro::executor;
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of file descriptors, for example
      co_await pause(20);
      continue;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    asio::co_spawn(executor, serve_connection(server, std::move(socket)), asio::detached);
  }
}

void write_port_file(const std::string& path, std::uint16_t port) {
  const std::string draft = path + ".new";
  {
    std::ofstream file(draft, std::ios::trunc);
    file << port << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + draft);
  }
  std::filesystem::rename(draft, path);
}

}  // namespace

int serve(Provider& provider, const ListenOptions& options) {
  asio::io_context context(1);
  Server server(provider);
  const auto look_again = [&server] {
    for (asio::steady_timer* timer : server.waiting) timer->cancel();
  };
  provider.calls.on_call(look_again);
  provider.push.log.on_record(look_again);
  const PushSender sender(context, provider.push);
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::make_address(options.host), options.port));
  acceptor.listen(4096);
  const std::uint16_t port = acceptor.local_endpoint().port();
  const bool six = acceptor.local_endpoint().address().is_v6();
  if (!options.port_file.empty()) write_port_file(options.port_file, port);
  std::printf("http://%s%s%s:%u\n", six ? "[" : "", options.host.c_str(), six ? "]" : "", static_cast<unsigned>(port));
  std::fflush(stdout);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  asio::co_spawn(context, accept_connections(server, std::move(acceptor)), asio::detached);
  // What the parser throws between two steps of a read comes out here; the connection is gone with its handler.
  while (!context.stopped()) {
    try {
      context.run();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a connection was dropped: %s\n", error.what());
    }
  }
  return 0;
}

}  // namespace calsync::emulator
