// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "common/sync/explain_rules.hpp"

namespace calsync::sync::rules {
namespace {

/// Of two well-kept clocks.
constexpr std::chrono::minutes clocks_differ{1};

bool disk_is_full(const Case& one) {
  return one.code() == "database_error" && (one.says("No space left") || one.says("disk full"));
}

bool takes_no_writes(const Case& one) {
  return one.code() == "database_error" && (one.says("read-only") || one.says("recovery is in progress"));
}

/// How far the clock of a worker, or ours, is from the database's; nothing = as near as can be seen.
std::optional<std::pair<const char*, Duration>> wrong_clock(const Case& one) {
  const Evidence& evidence = one.evidence;
  if (evidence.told_at) {
    const Duration ours = *evidence.told_at - evidence.now;
    if (std::chrono::abs(ours) > clocks_differ) return std::pair("this machine's clock", ours);
  }
  if (evidence.runs.empty()) return std::nullopt;
  const RunEvidence& last = evidence.runs.front();
  // A worker's clock that is behind looks like a long run.
  if (last.started_at && last.finished_at && *last.started_at - *last.finished_at > clocks_differ)
    return std::pair("the clock of the worker's machine", *last.started_at - *last.finished_at);
  return std::nullopt;
}

const BudgetEvidence* closed_budget(const Case& one) {
  const auto& budgets = one.evidence.budgets;
  const auto last = std::ranges::max_element(
      budgets, {}, [](const BudgetEvidence& budget) { return budget.until.value_or(Time::min()); });
  return last == budgets.end() ? nullptr : &*last;
}

Cause throttled_by(std::string_view scope) {
  if (scope == "project") return Cause::project_throttled;
  return scope == "host" ? Cause::host_throttled : Cause::account_throttled;
}

}  // namespace

std::string Case::why() const {
  if (!facts().last_error.empty()) return facts().last_error;
  return fmt::format("{} runs in a row failed", facts().error_count);
}

std::string Case::retried() const {
  return held() ? fmt::format("; it is tried again at {}", moment(*facts().backoff_until, now())) : std::string();
}

Told cannot_write(const Case& one) {
  if (!one.evidence.read_only && !(takes_no_writes(one) && one.held())) return std::nullopt;
  return Explanation{
      "delayed",
      one.evidence.read_only ? "the database takes no writes: it is read-only, or a standby" : one.facts().last_error,
      "point DATABASE_URL at the primary, or end the database's read-only mode", Cause::database_read_only,
      ErrorOwner::operators};
}

Told needs_a_person(const Case& one) {
  if (derive_state(one.facts(), one.now()) != ConnectionState::needs_reauth) return std::nullopt;
  return Explanation{"needs_reauth", one.facts().last_error,
                     one.code() == "insufficient_scope"
                         ? "ask the provider's owner to connect again and to grant every requested permission"
                         : "ask the provider's owner to connect the account again",
                     Cause::needs_reauth, ErrorOwner::user};
}

Told is_poison(const Case& one) {
  if (!one.says("ended with their worker") || one.code() != "internal_error") return std::nullopt;
  return Explanation{one.state(), one.facts().last_error,
                     "read the last lines that its workers logged, mend that, then clear backoff_until", Cause::poison,
                     ErrorOwner::operators};
}

Told is_suspended(const Case& one) {
  if (derive_state(one.facts(), one.now()) != ConnectionState::suspended) return std::nullopt;
  if (one.failing()) {
    return Explanation{"suspended", one.why(), "mend what the error says, then clear backoff_until", Cause::suspended,
                       error_owner(one.facts(), one.now())};
  }
  return Explanation{"suspended", fmt::format("it waits until {}", moment(*one.facts().backoff_until, one.now())),
                     "clear backoff_until to sync now", Cause::suspended, ErrorOwner::operators};
}

Told is_misconfigured(const Case& one) {
  if (one.code() != "configuration_error") return std::nullopt;
  return Explanation{"delayed", one.facts().last_error + one.retried(),
                     "correct the operator's settings that the error names", Cause::configuration,
                     ErrorOwner::operators};
}

Told meets_an_outage(const Case& one) {
  const auto& circuit = one.evidence.circuit;
  if (!circuit || circuit->state == "ramping") return std::nullopt;
  std::string reason = fmt::format("{} at {} is away", one.evidence.provider, circuit->host);
  if (circuit->since) reason += " since " + moment(*circuit->since, one.now());
  if (!circuit->reason.empty()) reason += fmt::format(" ({})", circuit->reason);
  if (circuit->next_probe && *circuit->next_probe > one.now())
    reason += "; it is probed again at " + moment(*circuit->next_probe, one.now());
  return Explanation{"provider_down", std::move(reason),
                     "look at the provider's status page and wait: probes find out when it is back",
                     Cause::provider_away, ErrorOwner::provider};
}

Told is_throttled(const Case& one) {
  const bool by_error = one.code() == "rate_limited" || one.code() == "quota_exceeded";
  const BudgetEvidence* budget = closed_budget(one);
  if (!by_error && !(budget && (one.due() || one.held()))) return std::nullopt;
  const std::string scope = budget ? budget->scope : "account";
  std::string reason =
      by_error ? one.facts().last_error : fmt::format("{} asked for fewer calls", one.evidence.provider);
  if (budget && budget->until)
    reason += fmt::format("; calls of the {} rest until {}", scope, moment(*budget->until, one.now()));
  else
    reason += one.retried();
  return Explanation{"throttled", std::move(reason), "wait for the backoff to end, or sync less often",
                     throttled_by(scope), ErrorOwner::provider};
}

Told met_a_full_disk(const Case& one) {
  if (!disk_is_full(one)) return std::nullopt;
  return Explanation{one.state(), one.facts().last_error + one.retried(), "free space on the database server's disk",
                     Cause::disk_full, ErrorOwner::operators};
}

Told met_a_wrong_clock(const Case& one) { return one.failing() ? has_a_wrong_clock(one) : std::nullopt; }

Told has_a_wrong_clock(const Case& one) {
  const auto clock = wrong_clock(one);
  if (!clock && !one.says("check this machine's clock")) return std::nullopt;
  std::string reason;
  if (clock) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(clock->second)).count();
    reason = fmt::format("{} is {} seconds {} the database's", clock->first, seconds,
                         clock->second.count() > 0 ? "ahead of" : "behind");
  }
  if (one.failing()) reason += (reason.empty() ? "" : "; ") + one.facts().last_error;
  return Explanation{one.state(), std::move(reason), "set the machines' clocks right (NTP)", Cause::clock,
                     ErrorOwner::operators};
}

Told backs_off(const Case& one) {
  if (!one.failing()) return std::nullopt;
  return Explanation{one.state(), one.why() + one.retried(),
                     one.held() ? "none yet: it is tried again after the backoff" : "none yet: it is tried again now",
                     Cause::backoff_after_error, error_owner(one.facts(), one.now())};
}

Told has_failing_calendars(const Case& one) {
  if (one.facts().failing_calendars <= 0) return std::nullopt;
  std::string reason = fmt::format("calendars that cannot be read: {}", one.facts().failing_calendars);
  if (!one.evidence.calendars.empty()) {
    const CalendarEvidence& first = one.evidence.calendars.front();
    reason += fmt::format("; {}: {}", first.id, first.error);
  }
  return Explanation{"delayed", std::move(reason),
                     "see the last_error of its calendars; they are tried again at each poll", Cause::calendar_failing,
                     ErrorOwner::provider};
}

Told has_failed_events(const Case& one) {
  if (one.evidence.failed_events <= 0) return std::nullopt;
  std::string reason = fmt::format("events that cannot be understood: {}", one.evidence.failed_events);
  if (!one.evidence.events.empty() && !one.evidence.events.front().reason.empty())
    reason += fmt::format("; the commonest reason: {}", one.evidence.events.front().reason);
  return Explanation{"active", std::move(reason), "mend what the reason says, then have the failed events tried again",
                     Cause::event_failing, ErrorOwner::operators};
}

}  // namespace calsync::sync::rules
