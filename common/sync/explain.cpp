// SPDX-License-Identifier: Apache-2.0
#include "common/sync/explain.hpp"

#include <fmt/format.h>

#include <array>

#include "common/sync/explain_rules.hpp"

namespace calsync::sync {
namespace {

/// The nearest reason comes first.
constexpr std::array all_rules{rules::awaits_confirmation, rules::is_disabled,
                               rules::is_shut_out,         rules::is_shut_out_by_worker,
                               rules::cannot_write,        rules::is_leased,
                               rules::needs_a_person,      rules::is_held_by_hand,
                               rules::is_poison,           rules::is_suspended,
                               rules::is_misconfigured,    rules::meets_an_outage,
                               rules::is_throttled,        rules::met_a_full_disk,
                               rules::met_a_wrong_clock,   rules::backs_off,
                               rules::has_no_worker,       rules::is_not_polled,
                               rules::waits_as_suspect,    rules::waits_for_a_full_read,
                               rules::waits_for_its_turn,  rules::waits_for_recovery,
                               rules::is_queued,           rules::is_due,
                               rules::has_a_wrong_clock,   rules::has_failing_calendars,
                               rules::has_failed_events,   rules::is_not_announced,
                               rules::has_no_channels};

constexpr std::array causes{Cause::awaiting_confirmation,
                            Cause::disabled,
                            Cause::flag_off,
                            Cause::flag_invalid,
                            Cause::owner_not_listed,
                            Cause::connection_not_listed,
                            Cause::worker_flag_off,
                            Cause::worker_not_listed,
                            Cause::database_read_only,
                            Cause::lease_stuck,
                            Cause::syncing,
                            Cause::backoff_by_hand,
                            Cause::needs_reauth,
                            Cause::poison,
                            Cause::suspended,
                            Cause::provider_away,
                            Cause::account_throttled,
                            Cause::project_throttled,
                            Cause::host_throttled,
                            Cause::disk_full,
                            Cause::clock,
                            Cause::configuration,
                            Cause::backoff_after_error,
                            Cause::no_worker,
                            Cause::polling_off,
                            Cause::full_read_waits,
                            Cause::suspect,
                            Cause::waits_for_turn,
                            Cause::provider_recovers,
                            Cause::queued,
                            Cause::late,
                            Cause::due,
                            Cause::calendar_failing,
                            Cause::event_failing,
                            Cause::pushes_off,
                            Cause::channel_dead,
                            Cause::in_step};

std::string span_of(Duration span) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(span).count();
  const auto some = [](std::int64_t count, const char* unit) {
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
  };
  if (seconds < 120) return some(seconds, "second");
  if (seconds < 2 * 3600) return some(seconds / 60, "minute");
  if (seconds < 2 * 24 * 3600) return some(seconds / 3600, "hour");
  return some(seconds / (24 * 3600), "day");
}

}  // namespace

std::span<const Cause> all_causes() { return causes; }

std::string_view cause_name(Cause cause) {
  switch (cause) {
    case Cause::awaiting_confirmation:
      return "awaiting_confirmation";
    case Cause::disabled:
      return "disabled";
    case Cause::flag_off:
      return "flag_off";
    case Cause::flag_invalid:
      return "flag_invalid";
    case Cause::owner_not_listed:
      return "owner_not_listed";
    case Cause::connection_not_listed:
      return "connection_not_listed";
    case Cause::worker_flag_off:
      return "worker_flag_off";
    case Cause::worker_not_listed:
      return "worker_not_listed";
    case Cause::database_read_only:
      return "database_read_only";
    case Cause::lease_stuck:
      return "lease_stuck";
    case Cause::syncing:
      return "syncing";
    case Cause::backoff_by_hand:
      return "backoff_by_hand";
    case Cause::needs_reauth:
      return "needs_reauth";
    case Cause::poison:
      return "poison";
    case Cause::suspended:
      return "suspended";
    case Cause::provider_away:
      return "provider_away";
    case Cause::account_throttled:
      return "account_throttled";
    case Cause::project_throttled:
      return "project_throttled";
    case Cause::host_throttled:
      return "host_throttled";
    case Cause::disk_full:
      return "disk_full";
    case Cause::clock:
      return "clock";
    case Cause::configuration:
      return "configuration";
    case Cause::backoff_after_error:
      return "backoff_after_error";
    case Cause::no_worker:
      return "no_worker";
    case Cause::polling_off:
      return "polling_off";
    case Cause::full_read_waits:
      return "full_read_waits";
    case Cause::suspect:
      return "suspect";
    case Cause::waits_for_turn:
      return "waits_for_turn";
    case Cause::provider_recovers:
      return "provider_recovers";
    case Cause::queued:
      return "queued";
    case Cause::late:
      return "late";
    case Cause::due:
      return "due";
    case Cause::calendar_failing:
      return "calendar_failing";
    case Cause::event_failing:
      return "event_failing";
    case Cause::pushes_off:
      return "pushes_off";
    case Cause::channel_dead:
      return "channel_dead";
    case Cause::in_step:
      return "in_step";
  }
  return "in_step";
}

std::string moment(Time at, Time now) {
  // People read seconds.
  const std::string text = format_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
  return at > now ? fmt::format("{} (in {})", text, span_of(at - now))
                  : fmt::format("{} ({} ago)", text, span_of(now - at));
}

Explanation explain(const Evidence& evidence, const GateSettings& gate) {
  const rules::Case one{evidence, gate};
  for (const auto rule : all_rules) {
    if (rules::Told told = rule(one)) return *std::move(told);
  }
  return *rules::is_in_step(one);
}

Explanation explain(const ConnectionFacts& facts, const GateSettings& gate, Time now) {
  Evidence evidence;
  evidence.facts = facts;
  evidence.now = now;
  return explain(evidence, gate);
}

}  // namespace calsync::sync
