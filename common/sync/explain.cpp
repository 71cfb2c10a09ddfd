// SPDX-License-Identifier: Apache-2.0
#include "common/sync/explain.hpp"

#include <fmt/format.h>

namespace calsync::sync {
namespace {

bool starts(const ConnectionFacts& facts, std::string_view code) { return facts.last_error.starts_with(code); }

/// A backoff of this length is not a pause before a retry: somebody has to act.
constexpr std::chrono::hours suspended_beyond{24 * 30};

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

Explanation failing(const ConnectionFacts& facts, Time now) {
  if (starts(facts, "invalid_token"))
    return {"needs_reauth", facts.last_error, "ask the provider's owner to connect the account again"};
  if (starts(facts, "insufficient_scope"))
    return {"needs_reauth", facts.last_error,
            "ask the provider's owner to connect again and to grant every requested permission"};
  if (starts(facts, "configuration_error"))
    return {"delayed", facts.last_error, "correct the operator's settings that the error names"};
  if (facts.backoff_until && *facts.backoff_until - now > suspended_beyond) {
    return {"suspended", facts.last_error, "mend what the error says, then clear backoff_until"};
  }
  if (starts(facts, "rate_limited") || starts(facts, "quota_exceeded")) {
    return {"throttled", facts.last_error, "wait for the backoff to end, or sync less often"};
  }
  return {"delayed", facts.last_error, "none yet: it is tried again after the backoff"};
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
    return {"delayed",
            fmt::format("it waits until {}: for its turn to call the provider, or by hand",
                        format_rfc3339(*facts.backoff_until)),
            "clear backoff_until to sync now"};
  }
  if (facts.due_at && *facts.due_at <= now) {
    const bool late = now - *facts.due_at > std::chrono::minutes(facts.sync_frequency_minutes);
    return {late ? "delayed" : "pending", late ? "it is due and no worker has taken it" : "it is due",
            late ? "check that a sync-worker is running" : ""};
  }
  return {"active", "in step", ""};
}

}  // namespace calsync::sync
