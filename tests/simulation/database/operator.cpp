// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/outsiders.hpp"
#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/credentials.hpp"

namespace calsync::simulation {
namespace {

const std::string origin = "operator";

Names names_of(const ConnectionEdit& edit) {
  const bool edited = edit.sync_enabled || edit.sync_cursor || edit.last_synced_at || edit.error_count ||
                      edit.backoff_until || edit.sync_frequency_minutes;
  if (edit.sync_needed) return edited ? Names::both : Names::sync_needed;
  return edited ? Names::edited : Names::neither;
}

void set_columns(ConnectionRow& set, const ConnectionEdit& edit) {
  if (edit.sync_enabled) set.sync_enabled = *edit.sync_enabled;
  if (edit.sync_needed) set.sync_needed = *edit.sync_needed;
  if (edit.sync_cursor) set.sync_cursor = *edit.sync_cursor;
  if (edit.last_synced_at) set.last_synced_at = *edit.last_synced_at;
  if (edit.error_count) set.error_count = *edit.error_count;
  if (edit.last_error) set.last_error = *edit.last_error;
  if (edit.backoff_until) set.backoff_until = *edit.backoff_until;
  if (edit.sync_frequency_minutes) set.sync_frequency_minutes = *edit.sync_frequency_minutes;
}

template <class Rows, class Where>
auto keys_where(const Rows& rows, const Where& where) {
  std::vector<typename Rows::key_type> keys;
  for (const auto& [key, row] : rows) {
    if (where(*row)) keys.push_back(key);
  }
  return keys;
}

}  // namespace

void Operator::add_owner(const std::string& id, Text email) {
  database_.apply("add_owner", origin, [&](Transaction& one) {
    if (one.tables.owners.find(id)) sqlf::refuse("23505", "the id of an owner is taken");
    one.tables.owners.put(id, {id, std::move(email)});
  });
}

void Operator::delete_owner(const std::string& id) {
  database_.apply("delete_owner", origin, [&](Transaction& one) {
    const auto mine =
        keys_where(one.tables.connections.rows(), [&](const ConnectionRow& row) { return row.provider_id == id; });
    for (const std::string& connection : mine) one.delete_connection(connection);
    one.tables.owners.erase(id);
  });
}

void Operator::delete_connection(const std::string& id) {
  database_.apply("connection_delete", origin, [&](Transaction& one) { one.delete_connection(id); });
}

int Operator::update_connections(const std::function<bool(const ConnectionRow&)>& where, const ConnectionEdit& edit) {
  return database_.apply("update_connections", origin, [&](Transaction& one) {
    const auto ids = keys_where(one.tables.connections.rows(), where);
    if (!ids.empty() && edit.sync_frequency_minutes && *edit.sync_frequency_minutes <= 0)
      sqlf::refuse("23514", "sync_frequency_minutes violates a check constraint");
    for (const std::string& id : ids)
      one.update_connection(id, names_of(edit), [&edit](ConnectionRow& set) { set_columns(set, edit); });
    return static_cast<int>(ids.size());
  });
}

int Operator::update_events(const std::function<bool(const EventRow&)>& where, const EventEdit& edit) {
  return database_.apply("update_events", origin, [&](Transaction& one) {
    const auto keys = keys_where(one.tables.events.rows(), where);
    for (const EventKey& key : keys) {
      one.update_event(key, edit.sync_status.has_value(), [&edit](EventRow& set) {
        if (edit.sync_status) set.sync_status = *edit.sync_status;
        if (edit.last_error) set.last_error = *edit.last_error;
      });
    }
    return static_cast<int>(keys.size());
  });
}

void Operator::add_calendar(CalendarRow row) {
  database_.apply("add_calendar", origin, [&](Transaction& one) {
    const OfConnection key{row.connection_id, row.external_calendar_id};
    if (!one.tables.connections.find(row.connection_id)) sqlf::refuse("23503", "there is no such connection");
    if (one.tables.calendars.find(key)) sqlf::refuse("23505", "the calendar is listed already");
    row.created_at = one.now;
    row.updated_at = one.now;
    one.tables.calendars.put(key, std::move(row));
  });
}

void Operator::add_event(EventRow row) {
  database_.apply("add_event", origin, [&](Transaction& one) {
    if (!one.tables.connections.find(row.key.connection_id)) sqlf::refuse("23503", "there is no such connection");
    if (one.tables.events.find(row.key)) sqlf::refuse("23505", "the event is mirrored already");
    one.insert_event(std::move(row));
  });
}

void Operator::replace_sealed(const std::string& connection, const std::string& kind, const std::string& read,
                              const std::string& sealed, const std::string& key_id) {
  database_.apply("sealed_credentials_replace", origin, [&](Transaction& one) {
    statements::sealed_credentials_replace(one, connection, kind, read, sealed, key_id);
  });
}

}  // namespace calsync::simulation
