// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/sync/explain.hpp"

// The rules of explain(), each total and pure. One that does not hold says nothing.
namespace calsync::sync::rules {

struct Case {
  const Evidence& evidence;
  const GateSettings& gate;

  const ConnectionFacts& facts() const { return evidence.facts; }
  Time now() const { return evidence.now; }
  std::string state() const { return std::string(state_name(derive_state(facts(), now()))); }
  std::string_view code() const { return std::string_view(facts().last_error).substr(0, facts().last_error.find(':')); }
  bool says(std::string_view words) const { return facts().last_error.find(words) != std::string::npos; }
  bool failing() const { return facts().error_count > 0 || !facts().last_error.empty(); }
  bool held() const { return facts().backoff_until && *facts().backoff_until > now(); }
  bool due() const { return facts().due_at && *facts().due_at <= now(); }
  /// The last error; an operator may have cleared it and left the count.
  std::string why() const;
  /// "; it is tried again at …", "" when nothing is known.
  std::string retried() const;
};

using Told = std::optional<Explanation>;

// Who may sync it.
Told awaits_confirmation(const Case& one);
Told is_disabled(const Case& one);
Told is_shut_out(const Case& one);
Told is_shut_out_by_worker(const Case& one);
/// Scheduled polls are off, and nobody asked for a run.
Told is_not_polled(const Case& one);

// What went wrong.
Told cannot_write(const Case& one);
Told needs_a_person(const Case& one);
Told is_held_by_hand(const Case& one);
Told is_poison(const Case& one);
Told is_suspended(const Case& one);
Told is_misconfigured(const Case& one);
Told meets_an_outage(const Case& one);
Told is_throttled(const Case& one);
Told met_a_full_disk(const Case& one);
Told met_a_wrong_clock(const Case& one);
Told backs_off(const Case& one);

// Who takes it, and when.
Told is_leased(const Case& one);
Told has_no_worker(const Case& one);
Told waits_as_suspect(const Case& one);
Told waits_for_a_full_read(const Case& one);
Told waits_for_its_turn(const Case& one);
Told waits_for_recovery(const Case& one);
Told is_queued(const Case& one);
Told is_due(const Case& one);

// What is the matter with one that syncs.
Told has_a_wrong_clock(const Case& one);
Told has_failing_calendars(const Case& one);
Told has_failed_events(const Case& one);
Told is_not_announced(const Case& one);
Told has_no_channels(const Case& one);
Told is_in_step(const Case& one);

}  // namespace calsync::sync::rules
