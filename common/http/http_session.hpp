// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <exception>
#include <map>
#include <memory>
#include <set>

#include "common/async/signal.hpp"
#include "common/http/http_gate.hpp"
#include "common/http/http_server.hpp"

namespace calsync::http {

class HttpSession;

/// Who opened a connection.
struct Peer {
  std::string address{};    ///< as handlers see it
  std::string neighbour{};  ///< what connections are counted by: the address, or its /64
};

/// What the server and its sessions share.
struct HttpServer::Shared {
  AsyncClock& clock;
  const Log& log;
  Handler handler;
  ServerOptions options;
  asio::ip::tcp::acceptor acceptor;
  std::uint16_t port;
  Running running;
  std::set<HttpSession*> sessions{};
  std::size_t served = 0;  ///< sessions without those that are only told to go
  std::map<std::string, std::size_t> served_by_neighbour{};
  std::uint64_t incidents = 0;
  bool draining = false;
  /// Where every read lands first, so that thousands of connections that say nothing hold no buffers.
  std::array<char, 16 * 1024> scratch{};
};

/// One connection: head, gate, body, handler, answer, again. Ends on the first framing error.
class HttpSession {
 public:
  enum class Seat { served, turned_away };
  HttpSession(std::shared_ptr<HttpServer::Shared> server, asio::ip::tcp::socket socket, Peer peer, Seat seat);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Serves, or answers 503 and closes where there is no seat.
  static Task<void> run(std::unique_ptr<HttpSession> session);
  /// Called now and then by the server: ends the phase whose time is over.
  void enforce_deadline(Duration now);
  void end_if_idle();

 private:
  enum class Phase { idle, head, body, handling, writing, lingering };
  enum class Read { ok, ended, timed_out };
  /// Nothing = go on.
  using Problem = std::optional<FramingError>;

  void enter(Phase phase, std::chrono::milliseconds limit);
  bool leaving() const { return server_->draining && phase_ == Phase::idle; }
  Task<Read> read_some();
  Task<Problem> read_more(std::string_view part);
  Task<Problem> read_head();
  Task<Problem> read_body();
  Task<Problem> read_sized(std::size_t length);
  Task<Problem> read_chunks();
  Task<void> send_continue();
  FramingError too_large() const;
  Task<bool> serve_one();
  Task<Response> answer();
  Response report_incident(std::exception_ptr failure, const std::string& method, const std::string& path);
  Task<bool> write(Response response, bool keep_alive, bool with_body);
  Task<void> refuse(FramingError problem);
  Task<void> linger();

  std::shared_ptr<HttpServer::Shared> server_;
  asio::ip::tcp::socket socket_;
  Peer peer_;
  Seat seat_;
  std::string buffer_;
  RequestHead head_;
  Phase phase_ = Phase::idle;
  Duration deadline_{};
  bool timed_out_ = false;
};

}  // namespace calsync::http
