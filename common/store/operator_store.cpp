// SPDX-License-Identifier: Apache-2.0
#include "common/store/operator_store.hpp"

#include <array>

#include "common/base/json.hpp"
#include "common/store/connection_actions.hpp"
#include "common/store/connection_facts.hpp"

namespace calsync::store {
namespace {

constexpr const char* first_shown = "20";

template <class Id>
db::Value maybe_id(const std::optional<Id>& id) {
  return id ? db::Value(id->str()) : db::Value();
}

ConnectionLine read_line(const db::Rows& rows, int row) {
  ConnectionLine line;
  line.facts = read_facts(rows, row);
  line.state = rows.text(row, "state");
  line.provider = rows.text(row, "provider");
  line.provider_email = rows.text(row, "provider_email");
  line.owner_email = rows.text(row, "owner_email");
  line.error_code = rows.text(row, "error_code");
  line.lease_owner = rows.text(row, "lease_owner");
  line.failed_events = rows.number(row, "failed_events");
  line.channel_dead = rows.flag(row, "channel_dead");
  return line;
}

/// Locks the connection and does the action to it. The transaction is signed.
Task<ActionResult> act_within(db::Transaction& transaction, OperatorAction action, std::string connection,
                              int minutes) {
  ActionResult result;
  const Touched touched = co_await do_action(transaction, action, {connection}, minutes);
  result.found = !touched.found.empty();
  result.refused = !touched.refused.empty();
  if (!result.found || result.refused) co_return result;
  db::Values of{connection};
  const db::Rows line = co_await transaction->query(sql::audit_of_transaction, std::move(of));
  result.before = line.text(0, "before");
  result.after = line.text(0, "after");
  co_return result;
}

}  // namespace

std::string ConnectionFilter::json() const {
  json::Writer writer;
  writer.begin_object();
  const auto text = [&writer](std::string_view name, const std::optional<std::string>& value) {
    if (value) writer.put(name, *value);
  };
  const auto flag = [&writer](std::string_view name, const std::optional<bool>& value) {
    if (value) writer.put(name, *value);
  };
  text("state", state);
  text("provider", provider);
  if (owner) writer.put("provider_id", owner->str());
  if (connection) writer.put("connection_id", connection->str());
  text("email", email);
  text("error_code", error_code);
  text("q", search);
  flag("due", due);
  flag("leased", leased);
  flag("backing_off", backing_off);
  flag("failing", failing);
  flag("channel_dead", channel_dead);
  writer.end_object();
  return writer.text();
}

Task<ConnectionPage> OperatorStore::connections(ConnectionFilter filter, std::optional<ConnectionId> after, int limit) {
  db::Values values{filter.json(), maybe_id(after), std::to_string(limit + 1)};
  const db::Rows rows = co_await pool_.query(sql::operator_connections, std::move(values));
  ConnectionPage page;
  const int shown = std::min(rows.size(), limit);
  for (int row = 0; row < shown; ++row) page.connections.push_back(read_line(rows, row));
  if (rows.size() > limit) page.next = page.connections.back().facts.connection;
  if (!rows.empty()) page.now = rows.time(0, "now").value_or(Time());
  co_return page;
}

Task<Preview> OperatorStore::preview(ConnectionFilter filter) {
  db::Values values{filter.json()};
  const db::Rows counts = co_await pool_.query(sql::operator_count, values);
  Preview preview;
  for (int row = 0; row < counts.size(); ++row) {
    const std::int64_t here = counts.number(row, "connections");
    preview.count += here;
    preview.by_provider[std::string(counts.text(row, "provider"))] += here;
    preview.by_state[std::string(counts.text(row, "state"))] += here;
  }
  values.emplace_back(first_shown);
  const db::Rows first = co_await pool_.query(sql::operator_first, std::move(values));
  for (int row = 0; row < first.size(); ++row)
    preview.first.push_back(ConnectionId::trusted(std::string(first.text(row, "id"))));
  co_return preview;
}

Task<ActionResult> OperatorStore::act(OperatorAction action, ConnectionId connection, Author author, int minutes,
                                      bool only_try) {
  author.action = action_name(action);
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  const ActionResult result = co_await act_within(transaction, action, connection.str(), minutes);
  if (only_try || !result.found || result.refused) {
    co_await transaction.rollback();
  } else {
    co_await transaction.commit();
  }
  co_return result;
}

Task<std::vector<FailedEvent>> OperatorStore::failed_events(FailedEventQuery query) {
  db::Values values{maybe_id(query.connection), maybe_id(query.owner), query.error_code, query.after,
                    std::to_string(query.limit)};
  const db::Rows rows = co_await pool_.query(sql::failed_events, std::move(values));
  std::vector<FailedEvent> events;
  for (int row = 0; row < rows.size(); ++row) {
    events.push_back(
        {std::string(rows.text(row, "id")), ConnectionId::trusted(std::string(rows.text(row, "connection_id"))),
         OwnerId::trusted(std::string(rows.text(row, "provider_id"))), std::string(rows.text(row, "provider")),
         std::string(rows.text(row, "external_calendar_id")), std::string(rows.text(row, "external_event_id")),
         std::string(rows.text(row, "last_error")), rows.time(row, "updated_at")});
  }
  co_return events;
}

Task<bool> OperatorStore::retry_event(std::string event, Author author) {
  db::Values of{event};
  const db::Rows found = co_await pool_.query(sql::failed_event_connection, of);
  if (found.empty()) co_return false;
  const std::string connection(found.text(0, "connection_id"));
  co_return co_await retry(connection, std::move(event), std::move(author)) > 0;
}

Task<std::int64_t> OperatorStore::retry_events(ConnectionId connection, Author author) {
  co_return co_await retry(connection.str(), std::nullopt, std::move(author));
}

Task<std::int64_t> OperatorStore::retry(std::string connection, std::optional<std::string> event, Author author) {
  author.action = "retry";
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  // In the order of a run that writes: its connection, then what belongs to it.
  db::Values locked{db::array_literal({connection})};
  co_await transaction->query(sql::operator_lock, std::move(locked));
  db::Values wanted{connection, event};
  const std::int64_t events = (co_await transaction->query(sql::failed_events_retry, std::move(wanted))).affected();
  json::Writer after;
  after.begin_object().put("events", events);
  if (event) after.put("event_id", *event);
  after.end_object();
  if (events > 0) co_await note(transaction, {connection}, after.text());
  co_await transaction.commit();
  co_return events;
}

Task<std::vector<AuditLine>> OperatorStore::audit(AuditQuery query) {
  db::Values values{query.before ? db::Value(std::to_string(*query.before)) : db::Value(),
                    maybe_id(query.connection),
                    maybe_id(query.owner),
                    query.actor,
                    query.action,
                    std::to_string(query.limit)};
  const db::Rows rows = co_await pool_.query(sql::audit_lines, std::move(values));
  std::vector<AuditLine> lines;
  for (int row = 0; row < rows.size(); ++row) {
    AuditLine line;
    line.id = rows.number(row, "id");
    line.happened_at = rows.time(row, "happened_at");
    line.actor = rows.text(row, "actor");
    line.actor_kind = rows.text(row, "actor_kind");
    line.action = rows.text(row, "action");
    line.connection = rows.text(row, "connection_id");
    line.owner = rows.text(row, "provider_id");
    line.reason = rows.text(row, "reason");
    line.before = rows.text(row, "before");
    line.after = rows.text(row, "after");
    lines.push_back(std::move(line));
  }
  co_return lines;
}

Task<std::vector<JobRunLine>> OperatorStore::job_runs(int limit) {
  db::Values values{std::to_string(limit)};
  const db::Rows rows = co_await pool_.query(sql::job_runs_recent, std::move(values));
  std::vector<JobRunLine> lines;
  for (int row = 0; row < rows.size(); ++row) {
    JobRunLine line;
    line.id = JobRunId::trusted(std::string(rows.text(row, "id")));
    line.requested_by = rows.text(row, "requested_by");
    line.scope = rows.text(row, "scope");
    line.created_at = rows.time(row, "created_at");
    line.finished_at = rows.time(row, "finished_at");
    line.marked = rows.number(row, "marked");
    line.processed = rows.number(row, "processed");
    line.succeeded = rows.number(row, "succeeded");
    line.failed = rows.number(row, "failed");
    lines.push_back(std::move(line));
  }
  co_return lines;
}

}  // namespace calsync::store
