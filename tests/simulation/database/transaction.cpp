// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/transaction.hpp"

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/triggers.hpp"

namespace calsync::simulation {
namespace {

/// The generated column.
Moment sync_due_at(const ConnectionRow& row) {
  if (!row.sync_enabled) return std::nullopt;
  Moment poll;
  if (row.last_synced_at) poll = *row.last_synced_at + std::chrono::minutes(row.sync_frequency_minutes);
  Moment asked;
  if (row.sync_needed) asked = row.sync_requested_at ? row.sync_requested_at : row.last_synced_at;
  const Moment wanted = sqlf::least(poll, asked);
  return sqlf::greatest(Moment(wanted.value_or(row.created_at)), row.backoff_until);
}

template <class Rows>
std::vector<typename Rows::key_type> keys_from(const Rows& rows, typename Rows::const_iterator at,
                                               const std::function<bool(const typename Rows::key_type&)>& belongs) {
  std::vector<typename Rows::key_type> keys;
  for (; at != rows.end() && belongs(at->first); ++at) keys.push_back(at->first);
  return keys;
}

void cascade(Tables& tables, const std::string& id) {
  const auto mine = [&id](const OfConnection& key) { return key.first == id; };
  const OfConnection first{id, ""};
  const auto& credentials = tables.credentials.rows();
  for (const auto& key : keys_from(credentials, credentials.lower_bound(first), mine)) tables.credentials.erase(key);
  const auto& calendars = tables.calendars.rows();
  for (const auto& key : keys_from(calendars, calendars.lower_bound(first), mine)) tables.calendars.erase(key);
  const auto& events = tables.events.rows();
  const auto of_mine = [&id](const EventKey& key) { return key.connection_id == id; };
  for (const auto& key : keys_from(events, events.lower_bound({id, "", ""}), of_mine)) tables.events.erase(key);
  const auto& staged_reads = tables.staged_reads.rows();
  for (const auto& key : keys_from(staged_reads, staged_reads.lower_bound(first), mine)) tables.staged_reads.erase(key);
  const auto& staged = tables.staged_events.rows();
  for (const auto& key : keys_from(staged, staged.lower_bound({id, "", ""}), of_mine)) tables.staged_events.erase(key);
  const auto& channels = tables.channels.index().of_connection;
  while (channels.lower_bound(first) != channels.end() && channels.lower_bound(first)->first == id) {
    const std::string channel = channels.lower_bound(first)->second;
    tables.channels.erase(channel);
  }
  std::vector<OfConnection> runs;
  for (const auto& [key, run] : tables.runs.rows()) {
    if (run->connection_id == id) runs.push_back(key);
  }
  for (const OfConnection& run : runs) tables.runs.erase(run);
  std::vector<std::int64_t> states;
  for (const auto& [state, row] : tables.states.rows()) {
    if (row->connection_id == id) states.push_back(state);
  }
  for (const std::int64_t state : states) tables.states.erase(state);
}

bool pending(const std::string& status) { return status == "CREATED" || status == "UPDATED" || status == "CANCELLED"; }

}  // namespace

void Transaction::update_connection(const std::string& id, Names names,
                                    const std::function<void(ConnectionRow&)>& set) {
  const ConnectionRow& before = *tables.connections.find(id);
  ConnectionRow after = before;
  set(after);
  // Triggers run in name order, and never for a statement that touches the lease.
  if (after.lease_token == before.lease_token && after.lease_until == before.lease_until) {
    const bool needed = names == Names::sync_needed || names == Names::both;
    const bool edited = names == Names::edited || names == Names::both;
    if (needed && after.sync_needed) triggers::calsync_a_woken(*this, before, after);
    if (edited) triggers::calsync_b_edited(*this, before, after);
  }
  after.sync_due_at = sync_due_at(after);
  tables.connections.put(id, std::move(after));
}

void Transaction::insert_connection(ConnectionRow row) {
  row.created_at = now;
  row.updated_at = now;
  row.sync_due_at = sync_due_at(row);
  const std::string id = row.id;
  tables.connections.put(id, std::move(row));
  triggers::calsync_added(*this);
}

bool Transaction::delete_connection(const std::string& id) {
  const ConnectionRow* row = tables.connections.find(id);
  if (!row) return false;
  triggers::calsync_abandons_channels(*this, *row);
  cascade(tables, id);
  return tables.connections.erase(id);
}

void Transaction::insert_event(EventRow row) {
  row.created_at = now;
  row.updated_at = now;
  const EventKey key = row.key;
  tables.events.put(key, std::move(row));
  const EventRow& inserted = *tables.events.find(key);
  if (pending(inserted.sync_status)) triggers::calsync_event_pending(*this, inserted);  // calsync_event_added
}

void Transaction::update_event(const EventKey& key, bool status, const std::function<void(EventRow&)>& set) {
  EventRow after = *tables.events.find(key);
  const std::string status_before = after.sync_status;
  set(after);
  after.updated_at = now;  // by the statement itself, or calsync_event_touched
  tables.events.put(key, std::move(after));
  const EventRow& updated = *tables.events.find(key);
  // calsync_event_changed
  if (status && pending(updated.sync_status) && updated.sync_status != status_before)
    triggers::calsync_event_pending(*this, updated);
}

}  // namespace calsync::simulation
