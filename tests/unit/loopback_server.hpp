// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "manual_clock.hpp"

namespace calsync::testing {

/// What a scripted server does on one connection, step by step.
struct Step {
  enum class Kind {
    request,      ///< reads one request (header and Content-Length body) and records it
    send,         ///< writes `bytes` at once
    drip,         ///< writes `bytes` one at a time and moves the clock by `time` after each
    advance,      ///< moves the clock by `time`
    await_close,  ///< reads until the client ends the connection
    reset         ///< ends the connection with RST
  };
  Kind kind;
  std::string bytes{};
  Duration time{};
};
using Script = std::vector<Step>;

Step request();
Step send(std::string bytes);
Step drip(std::string bytes, Duration each);
Step advance(Duration time);
Step await_close();
Step reset();
/// A 200 answer with Content-Length.
std::string ok(const std::string& body, const std::string& more_headers = "");
/// Reads a request and sends the answer, for each answer; then waits for the client to go.
Script answers(std::vector<std::string> each);

/// A certificate and its key, PEM.
struct Identity {
  std::string certificate;
  std::string key;
};
/// Self-signed for `san` ("DNS:calendar.test", "IP:127.0.0.1"), valid from `from_days` to `to_days` from now.
Identity make_identity(const std::string& san, int from_days = -1, int to_days = 30);

/// Listens on 127.0.0.1 and plays one script per connection, in order; further connections are closed at once.
class LoopbackServer {
 public:
  LoopbackServer(asio::io_context& context, ManualClock& clock, std::vector<Script> scripts);
  /// The same over TLS, at most of version `newest` (OpenSSL's number, 0 = any).
  LoopbackServer(asio::io_context& context, ManualClock& clock, std::vector<Script> scripts, const Identity& identity,
                 int newest = 0);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  unsigned short port() const;
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;
  int connections() const;                           ///< accepted, with the handshake done if TLS
  int resumed() const;                               ///< of them with a resumed TLS session
  int closed_by_client() const;                      ///< await_close steps that ended
  const std::vector<std::string>& requests() const;  ///< as they came over the wire

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace calsync::testing
