// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/async/clock.hpp"
#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/net/http.hpp"
#include "common/store/worker_database.hpp"
#include "common/sync/circuit.hpp"
#include "common/sync/gate.hpp"

namespace calsync::worker {

/// What the worker works with: the daemon's own, or the simulation's.
struct Surroundings {
  asio::any_io_executor executor;
  AsyncClock& clock;
  Random& random;
  const Log& log;
  store::WorkerDatabase& database;
  net::HttpTransport& transport;
  Metrics& metrics;
  sync::CircuitLimits circuits{};  ///< when a provider counts as away
};

/// The sync worker, put together. Lives on one executor, one handler at a time.
class SyncWorker {
 public:
  SyncWorker(Surroundings surroundings, Settings settings, KeyRing keys, sync::GateSettings gate);
  ~SyncWorker();

  /// Checks the schema, then claims and runs until stop(). Throws db::DatabaseError when the database cannot be used at
  /// the start.
  Task<void> serve(std::function<void()> ready);
  /// Runs what is due now, once, and returns how many runs there were.
  Task<int> once();
  /// First phase: no more claims, runs drain; after the drain time they are stopped and their leases given back.
  void stop();
  /// New flags and lists, from SIGHUP.
  Task<void> set_gate(sync::GateSettings gate);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace calsync::worker
