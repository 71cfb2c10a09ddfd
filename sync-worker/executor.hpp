// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/metrics.hpp"
#include "common/base/random.hpp"
#include "common/providers/registry.hpp"
#include "sync-worker/inbound.hpp"
#include "sync-worker/push_keeper.hpp"
#include "sync-worker/settler.hpp"

namespace calsync::worker {

/// One run: claim -> token -> inbound -> push channels -> settle. Expected failures become an outcome on the row; a
/// broken database or a bug is caught here and nowhere else in the worker.
class Executor {
 public:
  struct Services {
    AsyncClock& clock;
    Random& random;
    const Log& log;
    const providers::Registry& registry;
    store::ClaimQueue& queue;
    store::MirrorStore& mirror;
    TokenKeeper& tokens;
    Governor& governor;
    PushKeeper& pushes;
    Settler& settler;
    Metrics& metrics;
  };
  Executor(Services services, RunLimits limits) : services_(services), limits_(limits) {}

  Task<void> run(sync::Claim claim, MayContinue may_continue);

 private:
  struct Ending {
    sync::Settlement settlement;
    sync::RunRows rows;
  };
  /// Changes `grant_refusals` as soon as it knows better, since the database may break it off.
  Task<Ending> attempt(const sync::Claim& claim, sync::Settlement settlement, MayContinue may_continue,
                       int& grant_refusals);
  /// False: nothing was written, and that has been said.
  Task<bool> finish(const sync::Claim& claim, Ending ending);
  /// Before `report`, for every run, also one that says nothing.
  void count(const sync::Claim& claim, const sync::Settlement& settlement, Duration took) const;
  void report(const sync::Claim& claim, const sync::Settlement& settlement, Duration took) const;
  void report_state(const sync::Claim& claim, const sync::Settlement& settlement) const;
  void conclude(sync::Settlement& settlement, sync::Outcome outcome, int failing_calendars = 0) const;
  sync::Outcome outcome_of(const sync::Claim& claim, const Result<void>& pulled, int grant_refusals) const;

  Services services_;
  RunLimits limits_;
};

}  // namespace calsync::worker
