// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "common/async/signal.hpp"
#include "common/base/log.hpp"
#include "common/store/claim_queue.hpp"

namespace calsync::worker {

/// Group commit for runs that have no rows to write: verdicts are gathered for a few milliseconds and settled in one
/// statement. While the database is away they wait here, until it is back or their leases have run out (then another
/// worker does the run again, which loses nothing).
class Settler {
 public:
  Settler(asio::any_io_executor executor, AsyncClock& clock, const Log& log, store::ClaimQueue& queue, Duration keep);

  void settle(sync::Settlement settlement);
  void release(sync::ReturnedLease lease);
  /// Runs until stop() was called and everything is settled or given up.
  Task<void> serve();
  void stop();
  /// Nothing waits and nothing is on its way to the database.
  bool idle() const { return !flushing_ && settlements_.empty() && leases_.empty(); }

 private:
  struct Waiting {
    sync::Settlement settlement;
    Duration since;
  };
  enum class Flush {
    done,
    held,    ///< others have rows locked: those are left
    refused  ///< the database is away: everything is left
  };
  Task<Flush> flush();
  Task<void> flush_settlements(std::vector<Waiting>& waiting);
  Task<void> flush_leases(std::vector<sync::ReturnedLease>& leases);
  void give_up_expired(Flush flushed);

  AsyncClock& clock_;
  const Log& log_;
  store::ClaimQueue& queue_;
  Duration keep_;
  Signal work_;
  std::vector<Waiting> settlements_;
  std::vector<sync::ReturnedLease> leases_;
  std::optional<Duration> held_since_{};
  bool flushing_ = false;
  bool stopping_ = false;
};

}  // namespace calsync::worker
