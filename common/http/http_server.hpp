// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/async/clock.hpp"
#include "common/base/log.hpp"
#include "common/http/http_message.hpp"

namespace calsync::http {

struct ServerOptions {
  std::string host = "127.0.0.1";                   ///< an address, not a name
  std::uint16_t port = 0;                           ///< 0 = any free one
  std::chrono::milliseconds header_timeout{10000};  ///< from a head's first byte to its last
  std::chrono::milliseconds body_timeout{30000};    ///< for the whole body
  std::chrono::milliseconds idle_timeout{60000};    ///< between requests
  std::chrono::milliseconds write_timeout{30000};   ///< for the whole answer
  std::size_t max_head = 16 * 1024;                 ///< bytes
  std::size_t max_body = 256 * 1024;                ///< bytes, decoded
  std::size_t max_connections = 4096;               ///< further ones are told 503
  /// Of them, from one address (IPv6: one /64). A reverse proxy is one address too, hence most of them.
  std::size_t max_connections_per_address = 3072;
  /// Told of a request that no handler sees although its head was understood: a body that is malformed, too large or
  /// too slow. With the status of the answer.
  std::function<void(const Request& request, int status)> refused{};
};

/// An HTTP/1.1 server on one executor. Every phase of a connection has a total deadline, so that a drip of single bytes
/// resets nothing. A handler's exception is a 500 with an incident number that the log repeats, and a failed assertion
/// is one connection's end, never the process'.
class HttpServer {
 public:
  /// Throws boost::system::system_error when the address cannot be listened on.
  HttpServer(asio::any_io_executor executor, AsyncClock& clock, const Log& log, Handler handler, ServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Also after begin_drain().
  std::uint16_t port() const;
  /// Accepts until begin_drain().
  Task<void> serve();
  /// Stops accepting, ends idle connections, and lets requests in flight finish with Connection: close.
  void begin_drain();
  /// False = `limit` passed with requests still in flight.
  Task<bool> drained(Duration limit);

  struct Shared;

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace calsync::http
