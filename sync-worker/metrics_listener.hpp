// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/base/metrics.hpp"
#include "common/db/pool.hpp"
#include "common/http/http_server.hpp"

namespace calsync::worker {

/// GET /metrics (this process' own figures; the fleet's are the API server's) and GET /healthz, for scrapers. One
/// executor.
class MetricsListener {
 public:
  /// Throws std::runtime_error, which names the address, when it cannot be listened on.
  MetricsListener(asio::any_io_executor executor, AsyncClock& clock, const Log& log, db::Pool& pool, Metrics& metrics,
                  const std::string& host, std::uint16_t port);

  /// Until stop().
  Task<void> serve();
  void stop() { server_.begin_drain(); }

 private:
  static http::HttpServer listen(asio::any_io_executor executor, AsyncClock& clock, const Log& log,
                                 http::Handler handler, const std::string& host, std::uint16_t port);
  Task<http::Response> answer(http::Request request);
  Task<bool> ask_database();

  AsyncClock& clock_;
  db::Pool& pool_;
  Metrics& metrics_;
  http::HttpServer server_;
};

}  // namespace calsync::worker
