// SPDX-License-Identifier: Apache-2.0
#include "common/sync/explain.hpp"

#include <fmt/format.h>

namespace calsync::sync {
namespace {

bool starts(const ConnectionFacts& facts, std::string_view code) { return facts.last_error.starts_with(code); }

Explanation shut_out(const ConnectionFacts& facts, const GateSettings& gate, const Refusal& refusal) {
  if (refusal.flag) {
    return {"switched_off", fmt::format("{} is off", flag_name(*refusal.flag)),
            fmt::format("set {}=true and reload", flag_name(*refusal.flag))};
  }
  const bool owner_listed = gate.owners.admits(facts.owner.str());
  const char* list = owner_listed ? "CALENDAR_ALLOWLIST_CONNECTION_IDS" : "CALENDAR_ALLOWLIST_PROVIDER_IDS";
  return {"not_allowlisted", fmt::format("{} does not admit it", list),
          fmt::format("add {} to {} and reload", owner_listed ? facts.connection.str() : facts.owner.str(), list)};
}

std::string action(ConnectionState state, const ConnectionFacts& facts) {
  switch (state) {
    case ConnectionState::needs_reauth:
      return starts(facts, "insufficient_scope")
                 ? "ask the provider's owner to connect again and to grant every requested permission"
                 : "ask the provider's owner to connect the account again";
    case ConnectionState::suspended:
      return "mend what the error says, then clear backoff_until";
    case ConnectionState::throttled:
      return "wait for the backoff to end, or sync less often";
    default:
      return starts(facts, "configuration_error") ? "correct the operator's settings that the error names"
                                                  : "none yet: it is tried again after the backoff";
  }
}

Explanation failing(const ConnectionFacts& facts, Time now) {
  const ConnectionState state = derive_state(facts, now);
  return {std::string(state_name(state)), facts.last_error, action(state, facts)};
}

}  // namespace

Explanation explain(const ConnectionFacts& facts, const GateSettings& gate, Time now) {
  if (facts.awaiting_confirmation)
    return {"awaiting_confirmation", "the host application has not confirmed the connection",
            "confirm it for the signed-in owner"};
  if (!facts.sync_enabled) return {"disabled", "sync_enabled is false", "enable the connection"};
  if (const Answer answer = ask(gate, Operation::use_calendar, &facts.owner, &facts.connection); !answer)
    return shut_out(facts, gate, answer.refusal);
  if (facts.lease_until && *facts.lease_until > now) return {"syncing", "a worker is syncing it now", ""};
  if (facts.error_count > 0 || !facts.last_error.empty()) return failing(facts, now);
  if (facts.backoff_until && *facts.backoff_until > now) {
    return {std::string(state_name(derive_state(facts, now))),
            fmt::format("it waits until {}: for its turn to call the provider, or by hand",
                        format_rfc3339(*facts.backoff_until)),
            "clear backoff_until to sync now"};
  }
  if (facts.due_at && *facts.due_at <= now) {
    const bool late = late_since(facts, now).has_value();
    return {late ? "delayed" : "pending", late ? "it is due and no worker has taken it" : "it is due",
            late ? "check that a sync-worker is running" : ""};
  }
  if (facts.failing_calendars > 0) {
    return {"delayed", fmt::format("calendars that cannot be read: {}", facts.failing_calendars),
            "see the last_error of its calendars; they are tried again at each poll"};
  }
  return {"active", "in step", ""};
}

}  // namespace calsync::sync
