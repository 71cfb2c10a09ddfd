// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/providers/provider.hpp"
#include "common/store/claim_queue.hpp"
#include "sync-worker/token_keeper.hpp"

namespace calsync::worker {

struct RunLimits {
  int lease_seconds = 300;
  int request_seconds = 30;
  int run_seconds = 3600;
  std::size_t checkpoint_rows = 2000;  ///< rows held before they are committed in mid-run
  int pages = 2000;                    ///< of one read: a provider that never ends its pages is stopped
};

/// Whether the run may go on: false after a kill switch or when the worker stops.
using MayContinue = std::function<bool()>;

/// What a run holds while it talks to its provider: the lease, the root deadline and the credential. Every provider
/// call of the run goes through `call`, which asks first whether the run is still wanted, in time and ours, and renews
/// a refused access token once.
class ActiveRun {
 public:
  struct Services {
    AsyncClock& clock;
    store::ClaimQueue& queue;
    TokenKeeper& tokens;
  };
  ActiveRun(Services services, RunLimits limits, const sync::Claim& claim, const providers::Adapter& adapter,
            MayContinue may_continue);

  /// Fetches the credential.
  Task<Result<void>> begin();
  Result<void> still_wanted() const;
  /// The lease was prolonged by other means (a checkpoint).
  void lease_renewed() { lease_taken_ = services_.clock.monotonic(); }

  /// `send(session)` makes the call; it may be made again.
  template <class Send>
  auto call(Send send) -> decltype(send(std::declval<providers::Session>())) {
    if (auto alive = co_await stay_alive(); !alive) co_return alive.error();
    auto answer = co_await send(session());
    while (!answer && answer.error().failure == Failure::token_rejected && renewals_ < most_renewals) {
      if (auto renewed = co_await renew_token(); !renewed) co_return renewed.error();
      answer = co_await send(session());
    }
    co_return answer;
  }

  const sync::Claim& claim() const { return claim_; }
  const providers::Adapter& adapter() const { return adapter_; }
  const RunLimits& limits() const { return limits_; }
  AsyncClock& clock() const { return services_.clock; }

 private:
  /// One token adopted, one from the provider.
  static constexpr int most_renewals = 2;
  Task<Result<void>> stay_alive();
  Task<Result<void>> renew_token();
  providers::Session session() const;

  Services services_;
  RunLimits limits_;
  const sync::Claim& claim_;
  const providers::Adapter& adapter_;
  MayContinue may_continue_;
  Deadline deadline_;
  Duration lease_taken_;
  Secret credential_;
  int renewals_ = 0;
};

}  // namespace calsync::worker
