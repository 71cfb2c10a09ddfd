// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/providers/provider.hpp"
#include "common/store/claim_queue.hpp"
#include "sync-worker/governor.hpp"
#include "sync-worker/token_keeper.hpp"

namespace calsync::worker {

struct RunLimits {
  int lease_seconds = 300;
  int request_seconds = 30;
  int run_seconds = 3600;
  std::size_t checkpoint_rows = 2000;  ///< rows held before they are committed, or staged, in mid-run
  int pages = 20000;  ///< of one read, two for a series of Microsoft's: a provider that never ends its pages is stopped
};

/// Whether the run may go on: false after a kill switch or when the worker stops.
using MayContinue = std::function<bool()>;

/// What a run holds while it talks to its provider: the lease, the root deadline and the credential. Every provider
/// call of the run goes through `call`, which asks first whether the run is still wanted, in time, ours and within the
/// quotas, and renews a refused access token once.
class ActiveRun {
 public:
  struct Services {
    AsyncClock& clock;
    store::ClaimQueue& queue;
    TokenKeeper& tokens;
    Governor& governor;
  };
  /// `grant_refusals`: those in a row before this run; 0 once the provider has given it a token, however the run ends.
  ActiveRun(Services services, RunLimits limits, const sync::Claim& claim, const providers::Adapter& adapter,
            MayContinue may_continue, int& grant_refusals);

  /// Fetches the credential.
  Task<Result<void>> begin();
  Result<void> still_wanted() const;
  /// The lease was prolonged, perhaps by other means (a checkpoint); the places that the run holds go on as long.
  Task<void> lease_renewed();

  /// `send(session)` makes the call; it may be made again.
  template <class Send>
  auto call(Send send) -> decltype(send(std::declval<providers::Session>())) {
    if (auto alive = co_await stay_alive(); !alive) co_return alive.error();
    if (auto given = co_await governor().before_call(traffic_); !given) co_return given.error();
    // The switch may have gone off while it waited for its turn.
    if (auto wanted = still_wanted(); !wanted) co_return wanted.error();
    auto answer = co_await send(session());
    note(answer);
    while (!answer && answer.error().failure == Failure::token_rejected && renewals_ < most_renewals) {
      if (auto renewed = co_await renew_token(); !renewed) co_return renewed.error();
      if (auto given = co_await governor().before_call(traffic_); !given) co_return given.error();
      if (auto wanted = still_wanted(); !wanted) co_return wanted.error();
      answer = co_await send(session());
      note(answer);
    }
    co_return answer;
  }
  /// Asks for a place among the full reads, before one begins.
  Task<Result<void>> full_read() { return governor().full_read(traffic_); }
  /// Its token was refused and there was no other: whatever it was about to ask, it cannot ask anything more.
  bool lacks_credential() const { return lacks_credential_; }
  /// Gives back what the run holds besides its lease.
  Task<void> end() { return governor().end(traffic_); }
  /// What the run has left of its account's calls.
  std::optional<double> drained() const { return services_.governor.drained(traffic_); }

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
  Governor& governor() { return services_.governor; }
  template <class Answer>
  void note(const Answer& answer) {
    if (answer) return governor().after_call(traffic_, nullptr);
    const Error error = answer.error();
    governor().after_call(traffic_, &error);
  }

  Services services_;
  RunLimits limits_;
  const sync::Claim& claim_;
  const providers::Adapter& adapter_;
  MayContinue may_continue_;
  Traffic traffic_;
  Deadline deadline_;
  Duration lease_taken_;
  Duration places_taken_;
  Secret credential_;
  int renewals_ = 0;
  bool lacks_credential_ = false;
  int& grant_refusals_;
};

}  // namespace calsync::worker
