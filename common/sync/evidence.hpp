// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/sync/gate.hpp"
#include "common/sync/state.hpp"

namespace calsync::sync {

/// Who has claimed the connection, for a run that is not settled yet.
struct LeaseEvidence {
  std::string worker{};
  std::string host{};  ///< "" = nobody knows the worker any more
  bool alive = false;  ///< its last sign of life is no older than others accept
  std::optional<Time> since{};
  std::optional<Time> last_heartbeat{};
};

/// A provider that is away, or on its way back.
struct CircuitEvidence {
  std::string state{};  ///< open | half_open | ramping
  std::string host{};
  std::string reason{};
  std::optional<Time> since{};
  std::optional<Time> next_probe{};
};

/// A budget of calls that the provider has closed.
struct BudgetEvidence {
  std::string scope{};  ///< account | project | host
  std::optional<Time> until{};
};

/// Push channels of the wanted calendars.
struct ChannelEvidence {
  int wanted = 0;  ///< calendars
  int live = 0;
  int silent = 0;   ///< live, but polling found changes that they had not announced
  int refused = 0;  ///< calendars that have no new channel, for `refusal`
  std::string refusal{};
  std::optional<Time> retry_at{};
  std::optional<Time> first_expiry{};  ///< of the live ones
  std::optional<Time> expired_at{};    ///< when one ended that nobody has replaced or stopped
};

struct CalendarEvidence {
  std::string id{};
  std::string error{};
  std::optional<Time> last_synced_at{};
};

/// Events that are kept without being understood.
struct EventEvidence {
  std::int64_t events = 0;
  std::string reason{};
};

struct RunEvidence {
  std::string sync_id{};
  std::string outcome{};
  std::string error{};
  int provider_status = 0;            ///< 0 = there was no answer, or no failure
  std::string provider_request_id{};  ///< "" = it gave none
  std::string worker{};
  std::optional<Time> started_at{};  ///< by the worker's clock
  std::optional<Time> finished_at{};
  int quiet_before = 0;  ///< successful runs before this one that found nothing new and left no line
  int ingested = 0, updated = 0, deleted = 0, failed = 0;
};

/// Whoever set by hand what stands there now.
struct HandEdit {
  std::string actor{};
  std::string kind{};
  std::string reason{};
  std::optional<Time> at{};
};

/// The gate that a worker ran with when one last read its settings.
struct WorkerGate {
  GateSettings gate{};
  std::optional<Time> recorded_at{};
};

/// Everything that an explanation rests on, as known at `now`, the database's time.
struct Evidence {
  ConnectionFacts facts{};
  std::string provider{};
  Time now{};
  std::optional<Time> told_at{};  ///< the same moment by the clock of whoever explains
  std::optional<Time> token_expiry{};
  std::optional<Time> last_push{};
  bool has_cursor = true;
  bool nobody_waits = false;  ///< a full read that neither a person nor a push asked for
  std::int64_t ahead = 0;     ///< others of its provider that are due before it; at most `most_ahead` are counted
  int full_reads = 0;         ///< that nobody waits for and that are under way at its provider
  /// Nothing = it was not asked for.
  std::optional<int> workers_alive{};
  std::optional<Time> last_heartbeat{};  ///< of any worker
  int unsettled_claims = 0;
  int quiet_runs = 0;
  bool read_only = false;  ///< the database takes no writes
  std::int64_t failed_events = 0;
  std::optional<LeaseEvidence> lease{};
  std::optional<CircuitEvidence> circuit{};
  std::vector<BudgetEvidence> budgets{};
  std::optional<ChannelEvidence> channels{};
  std::vector<CalendarEvidence> calendars{};  ///< wanted ones that cannot be read, ten at most
  std::vector<EventEvidence> events{};        ///< the commonest reasons first
  std::vector<RunEvidence> runs{};            ///< the latest first
  std::optional<HandEdit> backoff_by{};
  std::optional<HandEdit> enabled_by{};  ///< who enabled or disabled it
  std::optional<WorkerGate> worker_gate{};
};

inline constexpr std::int64_t most_ahead = 1000;

}  // namespace calsync::sync
