// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "common/sync/explain_rules.hpp"

namespace calsync::sync::rules {
namespace {

constexpr std::string_view owners_list = "CALENDAR_ALLOWLIST_PROVIDER_IDS";
constexpr std::string_view connections_list = "CALENDAR_ALLOWLIST_CONNECTION_IDS";

const InvalidSetting* invalid(const GateSettings& gate, std::string_view name) {
  const auto found = std::ranges::find_if(gate.invalid, [&](const InvalidSetting& one) { return one.name == name; });
  return found == gate.invalid.end() ? nullptr : &*found;
}

Explanation flag_is_off(const Case& one, Flag flag, const char* situation, Cause cause) {
  const std::string_view name = flag_name(flag);
  const std::string action = fmt::format("set {}=true and reload", name);
  if (const InvalidSetting* typo = invalid(one.gate, name)) {
    return {situation, fmt::format("{} is '{}': {}", name, typo->value, typo->reason), action, Cause::flag_invalid,
            ErrorOwner::operators};
  }
  return {situation, fmt::format("{} is off", name), action, cause, ErrorOwner::operators};
}

/// Which list it is, and what to add to it.
struct Missing {
  std::string_view list;
  const std::string& id;
  bool owner;
};
Missing missing_from(const Case& one, const GateSettings& gate) {
  const bool owner_listed = gate.owners.admits(one.facts().owner.str());
  if (owner_listed) return {connections_list, one.facts().connection.str(), false};
  return {owners_list, one.facts().owner.str(), true};
}

std::string by_hand(const std::optional<HandEdit>& edit, Time now) {
  if (!edit) return {};
  std::string said = fmt::format(": set by {} {}", edit->kind, edit->actor);
  if (edit->at) said += " at " + moment(*edit->at, now);
  if (!edit->reason.empty()) said += fmt::format(", because: {}", edit->reason);
  return said;
}

}  // namespace

Told awaits_confirmation(const Case& one) {
  if (!one.facts().awaiting_confirmation) return std::nullopt;
  return Explanation{"awaiting_confirmation", "the host application has not confirmed the connection",
                     "confirm it for the signed-in owner", Cause::awaiting_confirmation, ErrorOwner::user};
}

Told is_disabled(const Case& one) {
  if (one.facts().sync_enabled) return std::nullopt;
  return Explanation{"disabled", "sync_enabled is false" + by_hand(one.evidence.enabled_by, one.now()),
                     "enable the connection", Cause::disabled, ErrorOwner::operators};
}

Told is_shut_out(const Case& one) {
  const sync::Answer answer = ask(one.gate, Operation::use_calendar, &one.facts().owner, &one.facts().connection);
  if (answer) return std::nullopt;
  if (answer.refusal.flag) return flag_is_off(one, *answer.refusal.flag, "switched_off", Cause::flag_off);
  const Missing missing = missing_from(one, one.gate);
  std::string reason = fmt::format("{} does not admit it", missing.list);
  if (const InvalidSetting* typo = invalid(one.gate, missing.list))
    reason += fmt::format("; its entry '{}' counts for nothing: {}", typo->value, typo->reason);
  return Explanation{"not_allowlisted", std::move(reason),
                     fmt::format("add {} to {} and reload", missing.id, missing.list),
                     missing.owner ? Cause::owner_not_listed : Cause::connection_not_listed, ErrorOwner::operators};
}

Told is_shut_out_by_worker(const Case& one) {
  // What a worker last ran with says nothing while none runs.
  if (!one.evidence.worker_gate || one.evidence.workers_alive == 0) return std::nullopt;
  const GateSettings& theirs = one.evidence.worker_gate->gate;
  const sync::Answer answer = ask(theirs, Operation::use_calendar, &one.facts().owner, &one.facts().connection);
  if (answer) return std::nullopt;
  const std::string since = one.evidence.worker_gate->recorded_at
                                ? " since " + moment(*one.evidence.worker_gate->recorded_at, one.now())
                                : "";
  if (answer.refusal.flag) {
    const std::string_view name = flag_name(*answer.refusal.flag);
    return Explanation{"switched_off",
                       fmt::format("the worker runs with {}=false{}, the API server with true", name, since),
                       fmt::format("set {}=true where the worker reads its settings, and reload the worker", name),
                       Cause::worker_flag_off, ErrorOwner::operators};
  }
  const Missing missing = missing_from(one, theirs);
  return Explanation{
      "not_allowlisted",
      fmt::format("the {} that the worker runs with{} does not admit it, the API server's does", missing.list, since),
      fmt::format("add {} to {} where the worker reads its settings, and reload the worker", missing.id, missing.list),
      Cause::worker_not_listed, ErrorOwner::operators};
}

Told is_not_polled(const Case& one) {
  if (!one.due() || one.facts().sync_needed) return std::nullopt;
  const GateSettings& deciding = one.evidence.worker_gate ? one.evidence.worker_gate->gate : one.gate;
  if (deciding.on(Flag::jobs)) return std::nullopt;
  Explanation told = flag_is_off(one, Flag::jobs, "switched_off", Cause::polling_off);
  told.cause = Cause::polling_off;
  told.reason = fmt::format("scheduled polling is switched off and nobody has asked for a sync: {}",
                            one.gate.on(Flag::jobs) ? "the worker runs with CALENDAR_JOBS_ENABLED=false" : told.reason);
  return told;
}

Told is_not_announced(const Case& one) {
  // Where no push ever came nobody misses them: switching them on is the last step of a rollout.
  const bool known = one.evidence.last_push || (one.evidence.channels && one.evidence.channels->live > 0);
  if (!known || one.gate.on(Flag::webhook)) return std::nullopt;
  Explanation told = flag_is_off(one, Flag::webhook, "active", Cause::pushes_off);
  told.reason += fmt::format(", so push messages are refused; it is polled every {} minutes meanwhile",
                             one.facts().sync_frequency_minutes);
  return told;
}

Told is_held_by_hand(const Case& one) {
  if (!one.held() || !one.evidence.backoff_by) return std::nullopt;
  std::string reason = fmt::format("it waits until {}{}", moment(*one.facts().backoff_until, one.now()),
                                   by_hand(one.evidence.backoff_by, one.now()));
  if (one.failing()) reason += fmt::format("; its last error: {}", one.why());
  return Explanation{one.state(), std::move(reason), "clear backoff_until to sync now", Cause::backoff_by_hand,
                     ErrorOwner::operators};
}

}  // namespace calsync::sync::rules
