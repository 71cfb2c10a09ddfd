// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/store/author.hpp"
#include "common/sync/state.hpp"
#include "common/sync/timeline.hpp"

namespace calsync::store {

/// Conditions that a connection has to meet, all of them; an absent one is met by every connection.
struct ConnectionFilter {
  std::optional<std::string> state{};  ///< a sync::state_name
  std::optional<std::string> provider{};
  std::optional<OwnerId> owner{};
  std::optional<ConnectionId> connection{};
  std::optional<std::string> email{};  ///< a part of the account's or the owner's address, in any case
  std::optional<std::string> error_code{};
  std::optional<std::string> search{};  ///< a part of an id, address, provider or error, in any case
  std::optional<bool> due{}, leased{}, backing_off{}, failing{}, channel_dead{};

  bool empty() const { return json() == "{}"; }
  std::string json() const;  ///< by the names that the API takes
};

/// A connection in a list.
struct ConnectionLine {
  sync::ConnectionFacts facts{};
  std::string state{};  ///< derived
  std::string provider{};
  std::string provider_email{};
  std::string owner_email{};
  std::string error_code{};
  std::string lease_owner{};  ///< the worker of the lease, also of one that is over
  std::int64_t failed_events = 0;
  bool channel_dead = false;
};

struct ConnectionPage {
  std::vector<ConnectionLine> connections{};
  std::optional<ConnectionId> next{};  ///< the page after this one begins behind it; nothing = that was the last
  Time now{};                          ///< the database's clock, for ages
};

/// What a filter meets.
struct Preview {
  std::int64_t count = 0;
  std::map<std::string, std::int64_t> by_provider{};
  std::map<std::string, std::int64_t> by_state{};
  std::vector<ConnectionId> first{};  ///< at most 20
};

enum class OperatorAction { sync, reset, backoff, clear_backoff, enable, disable, disconnect };
std::string_view action_name(OperatorAction action);  ///< "clear-backoff"
std::optional<OperatorAction> parse_action(std::string_view name);

/// What became of one connection.
struct ActionResult {
  bool found = false;
  bool refused = false;       ///< enable: it waits for the host application's confirmation
  std::string before = "{}";  ///< JSON objects of what has changed
  std::string after = "{}";
};

struct FailedEvent {
  std::string id{};
  ConnectionId connection{};
  OwnerId owner{};
  std::string provider{};
  std::string external_calendar_id{};
  std::string external_event_id{};
  std::string last_error{};
  std::optional<Time> updated_at{};
};

struct FailedEventQuery {
  std::optional<ConnectionId> connection{};
  std::optional<OwnerId> owner{};
  std::optional<std::string> error_code{};
  std::optional<std::string> after{};  ///< the id of the last event of the page before
  int limit = 50;
};

/// A line of the audit.
struct AuditLine {
  std::int64_t id = 0;
  std::optional<Time> happened_at{};
  std::string actor{}, actor_kind{}, action{}, connection{}, owner{}, reason{};
  std::string before{}, after{};  ///< JSON, "" = nothing
};

struct AuditQuery {
  std::optional<std::string> actor{};
  std::optional<std::string> action{};
  std::optional<ConnectionId> connection{};
  std::optional<OwnerId> owner{};
  std::optional<std::int64_t> before{};  ///< only lines with a lower id
  int limit = 50;
};

struct JobRunLine {
  JobRunId id{};
  std::string requested_by{};
  std::string scope{};  ///< JSON
  std::optional<Time> created_at{}, finished_at{};
  std::int64_t marked = 0, processed = 0, succeeded = 0, failed = 0;
};

/// A page of a connection's past, newest first.
struct TimelinePage {
  std::vector<sync::TimelineEntry> entries{};
  std::optional<Time> before{};  ///< where the next page begins; nothing = that was all
};

/// What people on call see and do: lists, actions and their record. Each action is one transaction, signed, so that it
/// and its line in the audit stand or fall together. Reads need no Admission: operators see everybody.
class OperatorStore {
 public:
  explicit OperatorStore(db::Pool& pool) : pool_(pool) {}

  /// In the order of their ids, behind `after`.
  Task<ConnectionPage> connections(ConnectionFilter filter, std::optional<ConnectionId> after, int limit);
  Task<Preview> preview(ConnectionFilter filter);

  /// Any action but `disconnect`, which is more than a statement. `minutes` is for `backoff`. With `only_try`
  /// everything is done and then undone: the result says what it would be.
  Task<ActionResult> act(OperatorAction action, ConnectionId connection, Author author, int minutes, bool only_try);

  Task<std::vector<FailedEvent>> failed_events(FailedEventQuery query);
  /// Has one event imported again; false = there is no such FAILED event.
  Task<bool> retry_event(std::string event, Author author);
  /// The same for all of a connection; how many.
  Task<std::int64_t> retry_events(ConnectionId connection, Author author);

  /// Runs since the latest entry that left none; nothing = there is no such connection.
  Task<std::optional<std::int64_t>> quiet_runs(ConnectionId connection);
  /// Entries before `before`, or the latest; `limit` and those of the same instant as the last.
  Task<TimelinePage> timeline(ConnectionId connection, std::optional<Time> before, int limit);
  Task<std::vector<AuditLine>> audit(AuditQuery query);
  /// The latest, newest first.
  Task<std::vector<JobRunLine>> job_runs(int limit);

 private:
  Task<std::int64_t> retry(std::string connection, std::optional<std::string> event, Author author);
  db::Pool& pool_;
};

}  // namespace calsync::store
