// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/sync/evidence.hpp"

namespace calsync::sync {

/// What keeps a connection from syncing, or is the matter with one that does. docs/states.md lists them.
enum class Cause {
  awaiting_confirmation,
  disabled,
  flag_off,
  flag_invalid,
  owner_not_listed,
  connection_not_listed,
  worker_flag_off,
  worker_not_listed,
  database_read_only,
  lease_stuck,
  syncing,
  backoff_by_hand,
  needs_reauth,
  poison,
  suspended,
  provider_away,
  account_throttled,
  project_throttled,
  host_throttled,
  disk_full,
  clock,
  configuration,
  backoff_after_error,
  no_worker,
  polling_off,
  full_read_waits,
  suspect,
  waits_for_turn,
  provider_recovers,
  queued,
  late,
  due,
  calendar_failing,
  event_failing,
  pushes_off,
  channel_dead,
  in_step
};
std::string_view cause_name(Cause cause);
std::span<const Cause> all_causes();

/// One thing that is known, as people read it and as programs do.
struct Fact {
  std::string name{};
  std::string words{};
  std::string value{};  ///< JSON
};

struct Explanation {
  std::string situation;  ///< a ConnectionState, or what is nearer: syncing | pending | awaiting_confirmation |
                          ///< switched_off | not_allowlisted
  std::string reason;     ///< one sentence
  std::string action;     ///< the one thing to do, "" = nothing
  Cause cause = Cause::in_step;
  ErrorOwner owner = ErrorOwner::none;  ///< who can mend it
};

/// Pure and total: the first rule of a list that holds. `gate` is that of whoever explains.
Explanation explain(const Evidence& evidence, const GateSettings& gate);
/// From the row alone, for lists: what nobody has looked up is taken as in order.
Explanation explain(const ConnectionFacts& facts, const GateSettings& gate, Time now);

/// All that is known, in the order in which it is worth reading.
std::vector<Fact> facts_of(const Evidence& evidence, const GateSettings& gate);

/// "2026-03-02T09:00:00Z (3 minutes ago)", "… (in 2 hours)".
std::string moment(Time at, Time now);

}  // namespace calsync::sync
