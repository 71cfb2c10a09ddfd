// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/http_server.hpp"
#include "manual_clock.hpp"

namespace calsync::testing {

/// A real server on a real port of the loopback, on the test's own thread, with a clock that only the test moves.
/// Nothing sleeps: the test runs whatever can run, then looks.
class Edge {
 public:
  /// Without a handler, every request is answered 200 {"ok":true}.
  explicit Edge(http::ServerOptions options = {}, http::Handler handler = {});
  ~Edge();

  /// Runs whatever can run without waiting.
  void settle();
  /// Waits for something to happen, at most ten seconds; then the test fails.
  void wait();
  void advance(Duration time);
  /// Starts HttpServer::drained; the answer is there when it has one.
  void begin_drained(Duration limit);
  std::optional<bool> drained() const { return drained_; }

  asio::io_context io;
  ManualClock clock;
  std::string log_text;
  std::vector<http::Request> requests;  ///< those that came through to the handler

 private:
  Task<http::Response> record(http::Request request);
  Task<void> watch_drain(Duration limit);
  http::Handler handler_;
  Log log_;
  std::optional<bool> drained_;

 public:
  http::HttpServer server;
};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view header_line) const;
};

/// A client that writes what it is told, byte for byte.
class Client {
 public:
  explicit Client(Edge& edge);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// What the server does not take (it has closed) is dropped.
  void send(std::string_view bytes);
  /// Leaves the bytes in the server's socket: the server does not run meanwhile.
  void send_unseen(std::string_view bytes);
  /// Each byte is read by the server before the next is sent (of more than 20,000, the first and the last thousand).
  void send_singly(std::string_view bytes);
  void end_sending();
  /// Ends the connection with RST.
  void reset();

  /// The next answer; `head_only` for the answer to HEAD. The test fails if the connection ends before.
  Answer read_answer(bool head_only = false);
  /// Everything up to the end of the connection. The test fails if it was reset.
  std::string read_to_end();
  /// Whether the server has ended the connection, without waiting for it.
  bool closed();
  /// Ends sending, then reads everything; `bytes` may be answered in any way.
  std::string exchange(std::string_view bytes, bool singly);

 private:
  enum class Got { bytes, nothing, end, reset };
  Got take();

  Edge& edge_;
  int socket_;
  bool gone_ = false;
  std::string received_;
};

/// Cuts what a connection sent into answers (none of them to HEAD).
std::vector<Answer> split_answers(std::string_view bytes);

/// A request with Host: "GET / HTTP/1.1" and further header lines.
std::string request(const std::string& line = "GET / HTTP/1.1", const std::vector<std::string>& headers = {},
                    const std::string& body = "");
std::string post(const std::string& body);
std::string post_chunked(const std::string& chunks);

}  // namespace calsync::testing
