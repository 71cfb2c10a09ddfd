// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/gate.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// Which rows a worker may claim. The gate is asked here once more, in SQL.
struct ClaimFilter {
  std::vector<std::string> providers{};
  std::vector<std::string> dead_workers{};  ///< their leases are free
  std::vector<std::string>
      busy_owners{};       ///< have as many runs as they may; passed over, so that the window is not full of them
  bool polling = true;     ///< false: only rows with sync_needed
  bool full_reads = true;  ///< false: none that nobody waits for
  std::chrono::seconds patience{15};  ///< a channel that is longer silent about a change that polling found is dead
  std::optional<std::vector<std::string>> owners{};       ///< nothing = everybody
  std::optional<std::vector<std::string>> connections{};  ///< nothing = all
  std::optional<ConnectionId> suspect{};                  ///< the one connection under suspicion that may be claimed
};
/// Needs an Admission to use calendars: with sync off there is nothing to claim.
ClaimFilter make_filter(const sync::Admission& admission, const sync::GateSettings& gate,
                        std::vector<std::string> providers, std::vector<std::string> dead_workers);

/// How urgent a due connection is.
enum class Rank { interactive, push, outbound, poll, backfill };

struct Candidate {
  ConnectionId connection{};
  OwnerId owner{};
  std::string provider{};
  Rank rank = Rank::poll;
  std::chrono::milliseconds overdue{0};
  int unsettled = 0;  ///< runs before the next one that ended without a verdict, in a row
  bool suspect() const { return unsettled >= sync::suspicious_ends; }
};

/// Of a batch of runs. The rest were fenced off.
struct SettledRuns {
  std::set<ConnectionId> settled{};
  /// Still ours, and somebody else has the row locked: to be settled again in a moment.
  std::set<ConnectionId> held{};
};

/// The queue over external_calendar_connections. Throws db::DatabaseError when Postgres refuses or is gone.
class ClaimQueue {
 public:
  virtual ~ClaimQueue() = default;

  /// Keeps this worker alive for the others and returns those that have been silent for 15 s.
  virtual Task<std::vector<std::string>> heartbeat() = 0;
  virtual Task<void> sign_off() = 0;

  /// Due rows, most urgent first, without locking them; one that is urgent and overdue may come twice.
  virtual Task<std::vector<Candidate>> candidates(ClaimFilter filter, int limit) = 0;
  /// Leases for `seconds`; rows that are no longer due, or that another worker took, are left out.
  virtual Task<std::vector<sync::Claim>> claim(std::vector<ConnectionId> connections, ClaimFilter filter,
                                               int seconds) = 0;
  /// Prolongs a lease. False = it is lost, or an operator has spoken: stop early.
  virtual Task<bool> extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq, int seconds) = 0;
  /// Settles runs without rows in one statement.
  virtual Task<SettledRuns> settle(std::vector<sync::Settlement> settlements) = 0;
  /// Gives leases back without a verdict; what their runs were told by the provider is kept. Returns those that are
  /// held.
  virtual Task<std::set<ConnectionId>> release(std::vector<sync::ReturnedLease> leases) = 0;
  /// After a claim whose answer was lost: gives back the leases on these connections that this worker may have got by
  /// it.
  virtual Task<void> disown(std::vector<ConnectionId> connections) = 0;
};

}  // namespace calsync::store
