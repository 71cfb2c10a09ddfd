// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "common/async/clock.hpp"
#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/sync/gate.hpp"

namespace calsync::worker {

/// What the composition root takes from the process.
struct Surroundings {
  AsyncClock& clock;
  Random& random;
  const Log& log;
  std::string host;
  std::string version;
};

/// The sync worker, put together. Lives on one io_context and one thread.
class SyncWorker {
 public:
  SyncWorker(asio::io_context& io, Surroundings surroundings, Settings settings, KeyRing keys, sync::GateSettings gate);
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
