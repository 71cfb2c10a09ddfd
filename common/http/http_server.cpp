// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/async/cancelled.hpp"
#include "common/http/http_session.hpp"

namespace calsync::http {
namespace {

using asio::ip::tcp;
using SharedPtr = std::shared_ptr<HttpServer::Shared>;

/// How late a deadline may be noticed.
constexpr std::chrono::milliseconds sweep_interval{100};
constexpr std::chrono::milliseconds accept_pause{50};
/// Beyond the limit a few more are accepted, to be told so.
constexpr std::size_t turned_away_at_once = 64;

tcp::acceptor open_acceptor(const asio::any_io_executor& executor, const ServerOptions& options) {
  const tcp::endpoint endpoint(asio::ip::make_address(options.host), options.port);
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen(1024);
  return acceptor;
}

/// Sessions catch their handler's exceptions, so what ends here is an error of ours or of Boost's, and quotes nobody.
void ended(const HttpServer::Shared& shared, const std::exception_ptr& failure) {
  if (!failure || is_cancellation(failure)) return;
  std::string reason = "an exception of unknown type";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
  }
  shared.log.error("a connection ended by an exception",
                   {.error_code = "internal_error", .metadata = {{"reason", reason}}});
}

/// One timer for all connections: a timer an operation costs 2 µs a request. Ends when nothing is left to watch.
Task<void> sweep(SharedPtr shared) {
  while (!shared->draining || !shared->sessions.empty()) {
    co_await shared->clock.sleep(sweep_interval);
    const Duration now = shared->clock.monotonic();
    for (HttpSession* session : shared->sessions) session->enforce_deadline(now);
  }
}

/// Somebody with IPv6 has a whole /64 (RFC 6177), so that is what counts as one.
std::string neighbour_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

/// Nothing = the client is gone already.
std::optional<Peer> peer_of(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint endpoint = socket.remote_endpoint(error);
  if (error) return std::nullopt;
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return Peer{address.to_string(), neighbour_of(address)};
}

bool has_room(const HttpServer::Shared& shared, const Peer& peer) {
  const auto found = shared.served_by_neighbour.find(peer.neighbour);
  const std::size_t of_peer = found == shared.served_by_neighbour.end() ? 0 : found->second;
  return shared.served < shared.options.max_connections && of_peer < shared.options.max_connections_per_address;
}

void receive(const SharedPtr& shared, tcp::socket socket) {
  boost::system::error_code error;
  socket.set_option(tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  auto peer = peer_of(socket);
  if (error || !peer) return;
  const bool room = has_room(*shared, *peer);
  const std::size_t turned_away = shared->sessions.size() - shared->served;
  if (!room && turned_away >= turned_away_at_once) return;
  const auto seat = room ? HttpSession::Seat::served : HttpSession::Seat::turned_away;
  const auto executor = socket.get_executor();
  auto session = std::make_unique<HttpSession>(shared, std::move(socket), *std::move(peer), seat);
  asio::co_spawn(executor, HttpSession::run(std::move(session)),
                 [shared](std::exception_ptr failure) { ended(*shared, failure); });
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, AsyncClock& clock, const Log& log, Handler handler,
                       ServerOptions options) {
  tcp::acceptor acceptor = open_acceptor(executor, options);
  const std::uint16_t port = acceptor.local_endpoint().port();
  // Not make_shared, which would have to move it: Running stays where it is made.
  shared_.reset(new Shared{.clock = clock,
                           .log = log,
                           .handler = std::move(handler),
                           .options = std::move(options),
                           .acceptor = std::move(acceptor),
                           .port = port,
                           .running = Running(std::move(executor))});
}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return shared_->port; }

Task<void> HttpServer::serve() {
  const SharedPtr shared = shared_;
  asio::co_spawn(shared->acceptor.get_executor(), sweep(shared),
                 [shared](std::exception_ptr failure) { ended(*shared, failure); });
  while (!shared->draining) {
    boost::system::error_code error;
    tcp::socket socket = co_await shared->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      receive(shared, std::move(socket));
    } else if (!shared->draining) {
      // Out of descriptors: others will close soon.
      co_await shared->clock.sleep(accept_pause);
    }
  }
}

void HttpServer::begin_drain() {
  shared_->draining = true;
  boost::system::error_code ignored;
  shared_->acceptor.close(ignored);
  for (HttpSession* session : shared_->sessions) session->end_if_idle();
}

Task<bool> HttpServer::drained(Duration limit) {
  const SharedPtr shared = shared_;
  const bool all_ended = co_await shared->running.drained(shared->clock, limit);
  co_return all_ended;
}

}  // namespace calsync::http
