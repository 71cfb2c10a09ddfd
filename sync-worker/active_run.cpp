// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/active_run.hpp"

namespace calsync::worker {

ActiveRun::ActiveRun(Services services, RunLimits limits, const sync::Claim& claim, const providers::Adapter& adapter,
                     MayContinue may_continue, int& grant_refusals)
    : services_(services),
      limits_(limits),
      claim_(claim),
      adapter_(adapter),
      may_continue_(std::move(may_continue)),
      traffic_{claim, adapter},
      deadline_(services.clock, std::chrono::seconds(limits.run_seconds)),
      lease_taken_(services.clock.monotonic()),
      places_taken_(lease_taken_),
      grant_refusals_(grant_refusals) {}

providers::Session ActiveRun::session() const {
  return {credential_, claim_.account,
          deadline_.at_most(services_.clock, std::chrono::seconds(limits_.request_seconds))};
}

Task<Result<void>> ActiveRun::begin() {
  if (auto alive = co_await stay_alive(); !alive) co_return alive;
  if (auto let = co_await governor().begin(traffic_); !let) co_return let;
  auto credential =
      co_await services_.tokens.credential(claim_, adapter_, session().deadline, [this] { return still_wanted(); });
  if (!credential) {
    // The token endpoint's silence is the provider's; its other answers speak of the grant.
    const Error error = credential.error();
    if (sync::means_away(error.failure)) governor().after_call(traffic_, &error);
    co_return error;
  }
  if (!credential->adopted) grant_refusals_ = 0;
  credential_ = std::move(credential->token);
  if (!adapter_.host_of) co_return Result<void>();
  co_return governor().go_to(traffic_, adapter_.host_of(credential_));
}

Result<void> ActiveRun::still_wanted() const {
  if (!may_continue_()) return fail(Failure::cancelled, "the worker stops, or calendar sync was switched off");
  if (deadline_.passed(services_.clock)) return fail(Failure::timeout, "the run took too long");
  return {};
}

Task<Result<void>> ActiveRun::stay_alive() {
  if (auto wanted = still_wanted(); !wanted) co_return wanted;
  const Duration held = services_.clock.monotonic() - lease_taken_;
  if (held * 2 < std::chrono::seconds(limits_.lease_seconds)) co_return Result<void>();
  const bool ours =
      co_await services_.queue.extend(claim_.connection, claim_.lease_token, claim_.edit_seq, limits_.lease_seconds);
  if (!ours) co_return fail(Failure::lease_lost, "the lease is lost, or an operator changed the connection");
  co_await lease_renewed();
  co_return Result<void>();
}

Task<void> ActiveRun::lease_renewed() {
  lease_taken_ = services_.clock.monotonic();
  if ((lease_taken_ - places_taken_) * 2 < std::chrono::seconds(limits_.lease_seconds)) co_return;
  places_taken_ = lease_taken_;
  co_await governor().keep_slots(traffic_);
}

Task<Result<void>> ActiveRun::renew_token() {
  ++renewals_;
  auto fresh = co_await services_.tokens.renew(claim_, adapter_, credential_, session().deadline,
                                               [this] { return still_wanted(); });
  lacks_credential_ = !fresh;
  if (!fresh) co_return fresh.error();
  // A token that somebody else had stored is as good as theirs was; the provider has not given one to this run yet.
  if (!fresh->adopted) {
    renewals_ = most_renewals;
    grant_refusals_ = 0;
  }
  credential_ = std::move(fresh->token);
  co_return Result<void>();
}

}  // namespace calsync::worker
