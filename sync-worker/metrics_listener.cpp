// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/metrics_listener.hpp"

#include <fmt/format.h>

#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "common/async/deadline.hpp"
#include "common/http/respond.hpp"
#include "common/runtime/process.hpp"

namespace calsync::worker {
namespace {

constexpr std::chrono::milliseconds database_time{900};

Task<void> ask(db::Pool& pool) { co_await pool.query(sql::status_schema, {}); }

http::ServerOptions options_of(const std::string& host, std::uint16_t port) {
  http::ServerOptions options;
  options.host = host;
  options.port = port;
  options.max_body = 1024;
  options.max_connections = 64;
  return options;
}

}  // namespace

MetricsListener::MetricsListener(asio::any_io_executor executor, AsyncClock& clock, const Log& log, db::Pool& pool,
                                 Metrics& metrics, const std::string& host, std::uint16_t port)
    : clock_(clock),
      pool_(pool),
      metrics_(metrics),
      server_(listen(
          std::move(executor), clock, log, [this](http::Request request) { return answer(std::move(request)); }, host,
          port)) {}

http::HttpServer MetricsListener::listen(asio::any_io_executor executor, AsyncClock& clock, const Log& log,
                                         http::Handler handler, const std::string& host, std::uint16_t port) try {
  return http::HttpServer(std::move(executor), clock, log, std::move(handler), options_of(host, port));
} catch (const boost::system::system_error& error) {
  throw std::runtime_error(
      fmt::format("cannot listen on {}:{} (worker.metrics_port): {}", host, port, error.code().message()));
}

Task<void> MetricsListener::serve() { co_await server_.serve(); }

Task<bool> MetricsListener::ask_database() {
  try {
    Task<void> question = ask(pool_);
    const auto outcome = co_await race_deadline(clock_, Deadline(clock_, database_time), std::move(question));
    co_return outcome == DeadlineOutcome::finished;
  } catch (const db::DatabaseError&) {
    co_return false;
  }
}

Task<http::Response> MetricsListener::answer(http::Request request) {
  const std::string path(request.path());
  if (path != "/metrics" && path != "/healthz")
    co_return http::error_response(404, "not_found", "there is no such address");
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response refusal = http::error_response(405, "method_not_allowed", "this address takes GET, HEAD");
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    co_return refusal;
  }
  if (path == "/healthz") co_return http::json_response(200, R"({"status":"ok"})");
  // Before the question, which itself takes a session.
  metrics_.set_pool(pool_.figures());
  metrics_.set_process(process_figures());
  metrics_.set_database_up(co_await ask_database());
  co_return http::metrics_response(metrics_text(metrics_.own()));
}

}  // namespace calsync::worker
