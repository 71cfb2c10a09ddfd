// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// Which rows a worker may claim. The gate is asked here once more, in SQL.
struct ClaimFilter {
  std::vector<std::string> providers{};
  std::vector<std::string> dead_workers{};  ///< their leases are free
  std::vector<std::string>
      busy_owners{};    ///< have as many runs as they may; passed over, so that the window is not full of them
  bool polling = true;  ///< false: only rows with sync_needed
  std::chrono::seconds patience{15};  ///< a channel that is longer silent about a change that polling found is dead
  std::optional<std::vector<std::string>> owners{};       ///< nothing = everybody
  std::optional<std::vector<std::string>> connections{};  ///< nothing = all
};
/// Needs an Admission to use calendars: with sync off there is nothing to claim.
ClaimFilter make_filter(const sync::Admission& admission, const sync::GateSettings& gate,
                        std::vector<std::string> providers, std::vector<std::string> dead_workers);

struct Candidate {
  ConnectionId connection;
  OwnerId owner;
  std::string provider;
};

/// The queue over external_calendar_connections. Throws db::DatabaseError when Postgres refuses or is gone.
class ClaimQueue {
 public:
  ClaimQueue(db::Pool& pool, WorkerId worker, std::string host, std::string version)
      : pool_(pool), worker_(std::move(worker)), host_(std::move(host)), version_(std::move(version)) {}

  /// Keeps this worker alive for the others and returns those that have been silent for 15 s.
  Task<std::vector<std::string>> heartbeat();
  Task<void> sign_off();

  /// Due rows, most urgent first, without locking them; one that is urgent and overdue may come twice.
  Task<std::vector<Candidate>> candidates(ClaimFilter filter, int limit);
  /// Leases for `seconds`; rows that are no longer due, or that another worker took, are left out.
  Task<std::vector<sync::Claim>> claim(std::vector<ConnectionId> connections, ClaimFilter filter, int seconds);
  /// Prolongs a lease. False = it is lost, or an operator has spoken: stop early.
  Task<bool> extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq, int seconds);
  /// Settles runs without rows in one statement. Returns the connections that were still ours.
  Task<std::set<ConnectionId>> settle(std::vector<sync::Settlement> settlements);
  /// Gives leases back without a verdict.
  Task<void> release(std::vector<std::pair<ConnectionId, std::int64_t>> leases);

  const WorkerId& worker() const { return worker_; }

 private:
  db::Pool& pool_;
  WorkerId worker_;
  std::string host_;
  std::string version_;
};

/// The JSON argument of the queue_settle statement.
std::string settlements_json(const std::vector<sync::Settlement>& settlements);

}  // namespace calsync::store
