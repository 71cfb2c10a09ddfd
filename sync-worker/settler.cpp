// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/settler.hpp"

namespace calsync::worker {
namespace {

constexpr std::chrono::milliseconds gather{5};
constexpr std::size_t enough = 64;
constexpr std::chrono::milliseconds first_pause{200};
constexpr std::chrono::seconds longest_pause{5};
constexpr std::chrono::milliseconds held_pause{50};

}  // namespace

Settler::Settler(asio::any_io_executor executor, AsyncClock& clock, const Log& log, store::ClaimQueue& queue,
                 Duration keep)
    : clock_(clock), log_(log), queue_(queue), keep_(keep), work_(std::move(executor)) {}

void Settler::settle(sync::Settlement settlement) {
  settlements_.push_back({std::move(settlement), clock_.monotonic()});
  work_.set();
}

void Settler::release(sync::ReturnedLease lease) {
  leases_.push_back(std::move(lease));
  work_.set();
}

void Settler::stop() {
  stopping_ = true;
  work_.set();
}

void Settler::give_up_expired(Flush flushed) {
  std::erase_if(settlements_, [&](const Waiting& one) { return clock_.monotonic() - one.since > keep_; });
  // Whoever stops does not wait longer for a lease than for a verdict: others take it over once the worker has signed
  // off.
  const bool hopeless = flushed == Flush::refused || (held_since_ && clock_.monotonic() - *held_since_ > keep_);
  if (settlements_.empty() && stopping_ && hopeless) leases_.clear();
}

Task<Settler::Flush> Settler::flush() {
  std::vector<Waiting> waiting = std::exchange(settlements_, {});
  std::vector<sync::ReturnedLease> leases = std::exchange(leases_, {});
  Flush ended = Flush::done;
  try {
    if (!waiting.empty()) co_await flush_settlements(waiting);
    if (!leases.empty()) co_await flush_leases(leases);
    if (!waiting.empty() || !leases.empty()) ended = Flush::held;
  } catch (const db::DatabaseError& error) {
    log_.error("the database did not take the verdicts of finished runs; trying again",
               {.error_code = "database_error",
                .metadata = {{"reason", error.what()}, {"waiting", std::to_string(waiting.size())}}});
    ended = Flush::refused;
  }
  settlements_.insert(settlements_.begin(), std::make_move_iterator(waiting.begin()),
                      std::make_move_iterator(waiting.end()));
  leases_.insert(leases_.begin(), leases.begin(), leases.end());
  co_return ended;
}

/// Leaves in `waiting` what is held.
Task<void> Settler::flush_settlements(std::vector<Waiting>& waiting) {
  std::vector<sync::Settlement> batch;
  for (const Waiting& one : waiting) batch.push_back(one.settlement);
  const store::SettledRuns runs = co_await queue_.settle(std::move(batch));
  std::erase_if(waiting, [&](const Waiting& one) {
    if (runs.held.contains(one.settlement.connection)) return false;
    if (!runs.settled.contains(one.settlement.connection))
      log_.warn("the lease was lost before the run was settled", {.sync_id = one.settlement.sync_id,
                                                                  .connection_id = one.settlement.connection.str(),
                                                                  .error_code = "lease_lost"});
    return true;
  });
}

Task<void> Settler::flush_leases(std::vector<sync::ReturnedLease>& leases) {
  const std::set<ConnectionId> held = co_await queue_.release(leases);
  std::erase_if(leases, [&](const sync::ReturnedLease& one) { return !held.contains(one.connection); });
}

Task<void> Settler::serve() {
  Duration pause = first_pause;
  for (;;) {
    if (idle()) {
      if (stopping_) co_return;
      co_await work_.wait(clock_, std::chrono::seconds(1));
      continue;
    }
    if (settlements_.size() < enough && !stopping_) co_await clock_.sleep(gather);
    flushing_ = true;
    const Flush flushed = co_await flush();
    flushing_ = false;
    if (flushed == Flush::done) {
      pause = first_pause;
      held_since_.reset();
      continue;
    }
    if (flushed == Flush::held) {
      if (!held_since_) held_since_ = clock_.monotonic();
      co_await clock_.sleep(held_pause);
    } else {
      co_await clock_.sleep(pause);
      pause = std::min<Duration>(pause * 2, longest_pause);
    }
    give_up_expired(flushed);
  }
}

}  // namespace calsync::worker
