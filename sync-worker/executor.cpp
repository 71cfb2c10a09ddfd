// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/executor.hpp"

#include <fmt/format.h>

namespace calsync::worker {
namespace {

sync::Settlement open_settlement(const sync::Claim& claim, std::string sync_id, Time now) {
  sync::Settlement settlement;
  settlement.sync_id = std::move(sync_id);
  settlement.connection = claim.connection;
  settlement.lease_token = claim.lease_token;
  settlement.wake_seq = claim.wake_seq;
  settlement.edit_seq = claim.edit_seq;
  settlement.started_at = now;
  settlement.state = {claim.state};
  return settlement;
}

LogFields fields_of(const sync::Claim& claim, const std::string& sync_id) {
  return {.sync_id = sync_id,
          .provider_id = claim.owner.str(),
          .connection_id = claim.connection.str(),
          .provider = claim.provider};
}

/// Quiet polls leave no line in the history and only a debug line in the log.
bool noteworthy(const sync::Claim& claim, const sync::Settlement& settlement) {
  if (settlement.outcome.verdict == sync::Verdict::snooze) return !settlement.counts.none();
  return settlement.outcome.verdict != sync::Verdict::complete || !settlement.counts.none() || claim.error_count > 0 ||
         claim.asked_for || !claim.last_synced_at;
}

}  // namespace

sync::Outcome Executor::outcome_of(const sync::Claim& claim, const Result<void>& pulled, int grant_refusals) const {
  if (pulled) return sync::completed();
  const sync::Attempt attempt{claim.error_count, grant_refusals, claim.grant_refusals > 0};
  return sync::decide(pulled.error(), attempt, services_.random.unit());
}

void Executor::conclude(sync::Settlement& settlement, sync::Outcome outcome, int failing_calendars) const {
  // A run that was not let in has found nothing: the state stays.
  if (outcome.verdict != sync::Verdict::snooze)
    settlement.state = sync::state_after(outcome, failing_calendars, services_.clock.now());
  settlement.outcome = std::move(outcome);
}

Task<void> Executor::run(sync::Claim claim, MayContinue may_continue) {
  const Duration begun = services_.clock.monotonic();
  sync::Settlement settlement = open_settlement(claim, random_uuid(services_.random), services_.clock.now());
  std::optional<Error> broken;
  std::optional<Ending> ending;
  int grant_refusals = claim.grant_refusals;
  try {
    ending = co_await attempt(claim, settlement, may_continue, grant_refusals);
    settlement = ending->settlement;
    const bool ours = co_await finish(claim, std::move(*ending));
    if (!ours) {
      services_.metrics.run_ended(claim.provider, sync::verdict_name(sync::Verdict::discard), "");
      co_return;
    }
  } catch (const db::DatabaseError& error) {
    broken = fail(Failure::database, error.what());
  } catch (const std::exception& error) {
    broken = fail(Failure::internal, error.what());
  }
  const auto pause = ending ? settlement.outcome.pause : std::chrono::seconds(0);
  if (broken && !may_continue()) {
    // Switched off meanwhile: nothing is written, not even why it failed; the log says it.
    settlement.outcome = sync::given_up(*broken, {}, {claim.error_count, grant_refusals}, 0);
    settlement.counts = {};
    services_.settler.release({claim.connection, claim.lease_token, pause});
  } else if (broken) {
    // Nothing of this run was committed: the verdict says why, and the next run starts from the stored cursor.
    conclude(settlement, outcome_of(claim, *broken, grant_refusals));
    settlement.outcome.pause = pause;
    settlement.outcome.backoff = std::max(settlement.outcome.backoff, pause);
    settlement.cursor.reset();
    settlement.counts = {};
    settlement.noteworthy = true;
    services_.settler.settle(settlement);
  }
  const Duration took = services_.clock.monotonic() - begun;
  count(claim, settlement, took);
  report(claim, settlement, took);
  report_state(claim, settlement);
}

Task<Executor::Ending> Executor::attempt(const sync::Claim& claim, sync::Settlement settlement,
                                         MayContinue may_continue, int& grant_refusals) {
  if (auto poison = sync::poisoned(claim.unsettled_claims, claim.grant_refusals)) {
    conclude(settlement, std::move(*poison));
    co_return Ending{std::move(settlement), {}};
  }
  const providers::Adapter* adapter = services_.registry.find(claim.provider);
  if (!adapter || !adapter->reader) {
    const Error error = fail(Failure::misconfigured,
                             fmt::format("this worker is not configured for the provider '{}'", claim.provider));
    conclude(settlement, outcome_of(claim, error, claim.grant_refusals));
    co_return Ending{std::move(settlement), {}};
  }
  ActiveRun active({services_.clock, services_.queue, services_.tokens, services_.governor}, limits_, claim, *adapter,
                   may_continue, grant_refusals);
  Inbound inbound(active, services_.mirror);
  Result<void> pulled = co_await inbound.pull();
  if (pulled) {
    const auto kept = co_await services_.pushes.keep(active, inbound.wanted_calendars(), inbound.changed_calendars());
    if (kept) settlement.again = kept->again;
    if (kept && kept->silent > 0) services_.metrics.missed_pushes(claim.provider, kept->silent);
    if (!kept) pulled = kept.error();
  }
  co_await active.end();
  sync::Outcome outcome = outcome_of(claim, pulled, grant_refusals);
  // A switch that went off during the last call counts, too: nothing of the run is written.
  if (!may_continue()) {
    const Error why = fail(Failure::cancelled, "the worker stops, or calendar sync was switched off");
    outcome = sync::given_up(why, pulled, {claim.error_count, grant_refusals}, services_.random.unit());
  }
  conclude(settlement, std::move(outcome), inbound.failing_calendars());
  settlement.cursor = sync::dump_cursor(inbound.cursor());
  // A run that was not let in has not read anything: NULL stays NULL, which says that a full read is due.
  if (settlement.cursor == sync::dump_cursor(sync::parse_cursor(claim.cursor)) &&
      settlement.outcome.verdict == sync::Verdict::snooze)
    settlement.cursor.reset();
  settlement.counts = inbound.counts();
  settlement.calls_drained = active.drained();
  settlement.noteworthy = noteworthy(claim, settlement);
  co_return Ending{std::move(settlement), inbound.take_rows()};
}

Task<bool> Executor::finish(const sync::Claim& claim, Ending ending) {
  if (ending.settlement.outcome.verdict == sync::Verdict::discard) {
    const sync::Outcome& outcome = ending.settlement.outcome;
    services_.settler.release({claim.connection, claim.lease_token, outcome.pause, claim.edit_seq, outcome.backoff});
    co_return true;
  }
  if (ending.rows.empty()) {
    services_.settler.settle(std::move(ending.settlement));
    co_return true;
  }
  const std::string sync_id = ending.settlement.sync_id;
  const auto pause = ending.settlement.outcome.pause;
  const bool ours = co_await services_.mirror.settle(claim, std::move(ending.rows), std::move(ending.settlement));
  if (ours) co_return true;
  // Disabled by hand, perhaps: then the lease is still ours to give back.
  services_.settler.release({claim.connection, claim.lease_token, pause});
  LogFields fields = fields_of(claim, sync_id);
  fields.error_code = "lease_lost";
  services_.log.warn("the lease was lost, or the connection was disabled; nothing of this run was written", fields);
  co_return false;
}

void Executor::count(const sync::Claim& claim, const sync::Settlement& settlement, Duration took) const {
  Metrics& metrics = services_.metrics;
  const sync::Verdict verdict = settlement.outcome.verdict;
  const std::string_view outcome = sync::verdict_name(verdict);
  if (verdict == sync::Verdict::discard) {
    metrics.run_ended(claim.provider, outcome, "");
    return;
  }
  const std::string_view error = settlement.outcome.last_error;
  const bool failed = verdict != sync::Verdict::snooze;
  metrics.run_ended(claim.provider, outcome, failed ? error.substr(0, error.find(':')) : "");
  metrics.run_took(claim.provider, took);
  const sync::Counts& counts = settlement.counts;
  metrics.items(claim.provider, {counts.ingested, counts.updated, counts.deleted, counts.failed});
  // What a run wrote is committed when it gets here; a failed one does not know what it missed.
  if (verdict == sync::Verdict::complete && claim.woken_ago && !counts.none())
    metrics.change_mirrored(*claim.woken_ago + took);
}

void Executor::report_state(const sync::Claim& claim, const sync::Settlement& settlement) const {
  const std::string& state = settlement.state.state;
  if (settlement.outcome.verdict == sync::Verdict::discard || state == claim.state) return;
  services_.metrics.state_changed(claim.provider, state);
  LogFields fields = fields_of(claim, settlement.sync_id);
  fields.metadata = {{"from", claim.state}, {"to", state}};
  if (!settlement.state.reason.empty()) fields.metadata.emplace_back("reason", settlement.state.reason);
  services_.log.info(state == "active" ? "calendar connection recovered" : "calendar connection changed state", fields);
}

void Executor::report(const sync::Claim& claim, const sync::Settlement& settlement, Duration took) const {
  LogFields fields = fields_of(claim, settlement.sync_id);
  fields.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  fields.metadata = {{"ingested", std::to_string(settlement.counts.ingested)},
                     {"updated", std::to_string(settlement.counts.updated)},
                     {"deleted", std::to_string(settlement.counts.deleted)},
                     {"failed", std::to_string(settlement.counts.failed)}};
  const sync::Outcome& outcome = settlement.outcome;
  if (outcome.verdict == sync::Verdict::complete) {
    const Level level = settlement.noteworthy ? Level::info : Level::debug;
    services_.log.write(level, claim.error_count > 0 ? "calendar sync recovered" : "calendar sync completed", fields);
    return;
  }
  fields.error_code = outcome.last_error.substr(0, outcome.last_error.find(':'));
  fields.metadata.emplace_back("error", outcome.last_error);
  if (outcome.provider_status != 0)
    fields.metadata.emplace_back("provider_status", std::to_string(outcome.provider_status));
  if (!outcome.provider_request_id.empty())
    fields.metadata.emplace_back("provider_request_id", outcome.provider_request_id);
  fields.metadata.emplace_back("next_attempt_in_seconds", fmt::format("{:.0f}", outcome.backoff.count()));
  if (outcome.verdict == sync::Verdict::snooze) {
    services_.log.debug("calendar sync waits until the provider may be called", fields);
  } else if (outcome.verdict == sync::Verdict::discard) {
    services_.log.info("calendar sync was given up without a verdict", fields);
  } else {
    services_.log.error(
        outcome.verdict == sync::Verdict::suspend ? "calendar sync needs a person" : "calendar sync failed", fields);
  }
}

}  // namespace calsync::worker
