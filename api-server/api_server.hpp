// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/async/clock.hpp"
#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/sync/gate.hpp"

namespace calsync::api {

/// What the composition root takes from the process.
struct Surroundings {
  AsyncClock& clock;
  Random& random;
  const Log& log;
  std::string version;
};

/// The API server, put together. Lives on one io_context and one thread. It writes intentions and reads results;
/// towards providers it only exchanges and revokes grants.
class ApiServer {
 public:
  /// Throws std::runtime_error when a token list is malformed or the address cannot be listened on.
  ApiServer(asio::io_context& io, Surroundings surroundings, Settings settings, KeyRing keys, sync::GateSettings gate);
  ~ApiServer();

  /// Serves until stop(), then drains. Throws db::DatabaseError when the database cannot be used at the start.
  Task<void> serve(std::function<void(std::uint16_t port)> ready);
  void stop();
  Task<void> set_gate(sync::GateSettings gate);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace calsync::api
