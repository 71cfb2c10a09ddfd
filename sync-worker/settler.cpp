// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/settler.hpp"

namespace calsync::worker {
namespace {

constexpr std::chrono::milliseconds gather{5};
constexpr std::size_t enough = 64;
constexpr std::chrono::milliseconds first_pause{200};
constexpr std::chrono::seconds longest_pause{5};

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

void Settler::give_up_expired() {
  std::erase_if(settlements_, [&](const Waiting& one) { return clock_.monotonic() - one.since > keep_; });
  if (settlements_.empty() && stopping_) leases_.clear();
}

Task<bool> Settler::flush() {
  std::vector<Waiting> waiting = std::exchange(settlements_, {});
  std::vector<sync::ReturnedLease> leases = std::exchange(leases_, {});
  try {
    if (!waiting.empty()) {
      std::vector<sync::Settlement> batch;
      for (const Waiting& one : waiting) batch.push_back(one.settlement);
      const std::set<ConnectionId> settled = co_await queue_.settle(std::move(batch));
      for (const Waiting& one : waiting) {
        if (settled.contains(one.settlement.connection)) continue;
        log_.warn("the lease was lost before the run was settled", {.sync_id = one.settlement.sync_id,
                                                                    .connection_id = one.settlement.connection.str(),
                                                                    .error_code = "lease_lost"});
      }
      waiting.clear();
    }
    if (!leases.empty()) co_await queue_.release(leases);
    co_return true;
  } catch (const db::DatabaseError& error) {
    log_.error("the database did not take the verdicts of finished runs; trying again",
               {.error_code = "database_error",
                .metadata = {{"reason", error.what()}, {"waiting", std::to_string(waiting.size())}}});
  }
  settlements_.insert(settlements_.begin(), std::make_move_iterator(waiting.begin()),
                      std::make_move_iterator(waiting.end()));
  leases_.insert(leases_.begin(), leases.begin(), leases.end());
  co_return false;
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
    const bool flushed = co_await flush();
    flushing_ = false;
    if (flushed) {
      pause = first_pause;
      continue;
    }
    co_await clock_.sleep(pause);
    pause = std::min<Duration>(pause * 2, longest_pause);
    give_up_expired();
  }
}

}  // namespace calsync::worker
