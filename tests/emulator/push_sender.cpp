// SPDX-License-Identifier: Apache-2.0
#include "push_sender.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "push_address.hpp"

namespace calsync::emulator {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::uint32_t header_limit = 64 * 1024;
constexpr std::uint64_t body_limit = 1024 * 1024;
constexpr std::string_view user_agent = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google)";

using Outcome = PushAnswer;

Outcome no_answer(std::string why) { return {0, {}, {}, std::move(why)}; }

// A connection that is kept from one message to the next of the same host.
struct Link {
  explicit Link(const asio::any_io_executor& executor) : stream(executor) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  std::string peer;  // empty: not connected

  void close() {
    peer.clear();
    buffer.clear();
    stream.close();
  }
};

std::string request_text(const PushMessage& message, const PushAddress& address) {
  std::string text = "POST " + address.target + " HTTP/1.1\r\nHost: " + address.authority +
                     "\r\nAccept: */*\r\nContent-Length: " + std::to_string(message.body.size()) +
                     "\r\nContent-Type: " + message.content_type + "\r\n";
  text.append("User-Agent: ").append(message.agent.empty() ? user_agent : message.agent).append("\r\n");
  for (const auto& [name, value] : message.headers()) text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n" + message.body;
}

// Where to connect: a proxy stands for every https:// address, as what ends TLS in front of the receiver would.
std::optional<std::pair<std::string, std::uint16_t>> peer_of(const PushAddress& address, const Settings& settings) {
  if (address.secure) return settings.push_proxy.empty() ? std::nullopt : parse_endpoint(settings.push_proxy);
  return std::pair(address.host, address.port);
}

asio::awaitable<boost::system::error_code> connect(Link& link, const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) {
    co_await link.stream.async_connect(tcp::endpoint(literal, port), asio::redirect_error(asio::use_awaitable, error));
  } else {
    tcp::resolver resolver(link.stream.get_executor());
    const auto found =
        co_await resolver.async_resolve(host, std::to_string(port), asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await link.stream.async_connect(found, asio::redirect_error(asio::use_awaitable, error));
  }
  boost::system::error_code ignored;
  if (!error) link.stream.socket().set_option(tcp::no_delay(true), ignored);
  co_return error;
}

asio::awaitable<Outcome> exchange(Link& link, const std::string& text) {
  boost::system::error_code error;
  co_await asio::async_write(link.stream, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return no_answer(error.message());
  http::response_parser<http::string_body> parser;
  parser.header_limit(header_limit);
  parser.body_limit(body_limit);
  co_await http::async_read_header(link.stream, link.buffer, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return no_answer(error.message());
  // For most messages the status decides; the body is read so that the connection can be used again.
  const unsigned status = parser.get().result_int();
  if (status < 200) {
    link.close();
    co_return Outcome{status, {}, {}, {}};
  }
  const std::string content_type = parser.get()[http::field::content_type];
  co_await http::async_read(link.stream, link.buffer, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error || !parser.get().keep_alive()) link.close();
  co_return Outcome{status, content_type, std::move(parser.get().body()), {}};
}

asio::awaitable<Outcome> send(Link& link, const PushMessage& message, const Settings& settings) {
  const auto address = parse_address(message.address);
  const auto peer = address ? peer_of(*address, settings) : std::nullopt;
  if (!peer) co_return no_answer("nothing is delivered to this address (setting push_proxy)");
  const std::string text = request_text(message, *address);
  const std::string name = peer->first + ' ' + std::to_string(peer->second);
  for (;;) {
    const bool reused = link.peer == name;
    link.stream.expires_after(
        std::chrono::milliseconds(message.timeout_ms > 0 ? message.timeout_ms : settings.push_timeout_ms));
    if (!reused) {
      link.close();
      if (const auto error = co_await connect(link, peer->first, peer->second)) co_return no_answer(error.message());
      link.peer = name;
    }
    Outcome outcome = co_await exchange(link, text);
    if (outcome.status != 0) co_return outcome;
    link.close();
    // A kept connection may have been closed by the receiver meanwhile; that is no failed attempt.
    if (!reused) co_return outcome;
  }
}

asio::awaitable<Outcome> send_safely(Link& link, const PushMessage& message, const Settings& settings) {
  Outcome outcome;
  try {
    outcome = co_await send(link, message, settings);
  } catch (const std::exception& error) {  // what the parser asserts
    outcome = no_answer(error.what());
  }
  co_return outcome;
}

}  // namespace

PushSender::PushSender(asio::io_context& context, PushBoard& board)
    : context_(context), board_(board), timer_(context) {
  board_.on_queued([this] { wake(); });
}

PushSender::~PushSender() { board_.on_queued(nullptr); }

void PushSender::wake() {
  const auto due_in = board_.next_due_in_ms();
  if (!due_in) return;
  if (*due_in > 0) return wake_later(*due_in);
  if (workers_ >= std::max<std::int64_t>(1, board_.settings().push_in_flight)) return;
  ++workers_;
  asio::co_spawn(context_, work(), asio::detached);
}

void PushSender::wake_later(std::int64_t milliseconds) {
  const auto at = asio::steady_timer::clock_type::now() + std::chrono::milliseconds(milliseconds);
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) wake();
  });
}

asio::awaitable<void> PushSender::work() {
  Link link(co_await asio::this_coro::executor);
  while (std::optional<PushMessage> message = board_.take()) {
    wake();  // another one for what is due as well
    Outcome outcome = co_await send_safely(link, *message, board_.settings());
    if (outcome.status == 0) link.close();
    board_.finish(std::move(*message), std::move(outcome));
  }
  --workers_;
  wake();
}

}  // namespace calsync::emulator
