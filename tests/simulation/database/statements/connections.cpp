// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/connections.hpp"

#include <set>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

Text null_if_empty(const std::string& text) { return db::null_if_empty(sqlf::parameter(text)); }

store::Wake wake(Transaction& transaction, const std::string& id, store::Priority priority) {
  transaction.update_connection(id, Names::sync_needed, [priority](ConnectionRow& set) {
    set.sync_needed = true;
    set.sync_priority = std::max(set.sync_priority, static_cast<int>(priority));
  });
  return {ConnectionId::trusted(id), transaction.tables.connections.find(id)->wake_seq};
}

store::Connected renew(Transaction& transaction, const std::string& id, const store::NewConnection& one) {
  transaction.update_connection(id, Names::both, [&one](ConnectionRow& set) {
    set.provider_email = null_if_empty(one.email);
    set.token_expiry = one.token_expiry;
    set.granted_scopes = null_if_empty(one.scopes);
    set.grant_refusals = 0;
    set.error_count = 0;
    set.last_error.reset();
    set.backoff_until.reset();
    set.sync_needed = true;
    set.sync_priority = 2;
    set.sync_enabled = set.sync_enabled || !set.awaiting_confirmation;
  });
  return {ConnectionId::trusted(id), false, transaction.tables.connections.find(id)->awaiting_confirmation};
}

}  // namespace

store::Connected connection_upsert(Transaction& transaction, const store::NewConnection& one, const std::string& id) {
  const auto& accounts = transaction.tables.connections.index().accounts;
  const auto same = accounts.find({one.owner.str(), one.provider, one.account});
  if (same != accounts.end()) {
    const std::string existing = same->second;
    return renew(transaction, existing, one);
  }
  if (!transaction.tables.owners.find(one.owner.str())) sqlf::refuse("23503", "there is no such owner");
  if (transaction.tables.connections.find(id)) sqlf::refuse("23505", "the id of a connection is taken");
  ConnectionRow row;
  row.id = id;
  row.provider_id = one.owner.str();
  row.provider = one.provider;
  row.provider_user_id = one.account;
  row.provider_email = null_if_empty(one.email);
  row.token_expiry = one.token_expiry;
  row.granted_scopes = null_if_empty(one.scopes);
  row.sync_enabled = !one.await_confirmation;
  row.awaiting_confirmation = one.await_confirmation;
  transaction.insert_connection(std::move(row));
  return {ConnectionId::trusted(id), true, one.await_confirmation};
}

void connection_set_enabled(Transaction& transaction, const std::string& id, bool enabled) {
  if (!transaction.tables.connections.find(id)) return;
  transaction.update_connection(id, Names::edited, [enabled](ConnectionRow& set) { set.sync_enabled = enabled; });
}

void connection_set_frequency(Transaction& transaction, const std::string& id, int minutes) {
  if (!transaction.tables.connections.find(id)) return;
  if (minutes <= 0) sqlf::refuse("23514", "sync_frequency_minutes violates a check constraint");
  transaction.update_connection(id, Names::edited,
                                [minutes](ConnectionRow& set) { set.sync_frequency_minutes = minutes; });
}

bool connection_confirm(Transaction& transaction, const std::string& id, const std::string& owner) {
  const ConnectionRow* row = transaction.tables.connections.find(id);
  if (!row || row->provider_id != owner || !row->awaiting_confirmation) return false;
  transaction.update_connection(id, Names::both, [](ConnectionRow& set) {
    set.awaiting_confirmation = false;
    set.sync_enabled = true;
    set.sync_needed = true;
  });
  return true;
}

std::vector<std::string> calendars_unknown(Transaction& transaction, const std::string& id,
                                           const std::vector<std::string>& calendars) {
  std::vector<std::string> unknown;
  for (const std::string& wanted : calendars) {
    const CalendarRow* row = transaction.tables.calendars.find({id, wanted});
    if (!row || row->deleted_at) unknown.push_back(wanted);
  }
  return unknown;
}

void connection_select_calendars(Transaction& transaction, const std::string& id,
                                 const std::vector<std::string>& calendars) {
  std::vector<CalendarRow> changed;
  const auto& rows = transaction.tables.calendars.rows();
  for (auto at = rows.lower_bound({id, ""}); at != rows.end() && at->first.first == id; ++at) {
    if (at->second->deleted_at || at->second->selected == sqlf::any(calendars, at->first.second)) continue;
    changed.push_back(*at->second);
  }
  for (CalendarRow& row : changed) {
    row.selected = !row.selected;
    row.updated_at = transaction.now;
    const OfConnection key{id, row.external_calendar_id};
    transaction.tables.calendars.put(key, std::move(row));
  }
}

std::vector<store::Wake> connection_wake(Transaction& transaction, const std::string& id, store::Priority priority) {
  if (!transaction.tables.connections.find(id)) return {};
  return {wake(transaction, id, priority)};
}

std::vector<store::Wake> owner_wake(Transaction& transaction, const std::string& owner, store::Priority priority,
                                    const std::optional<std::vector<std::string>>& listed) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : transaction.tables.connections.rows()) {
    if (row->provider_id == owner && row->sync_enabled && sqlf::admits(listed, id)) ids.push_back(id);
  }
  std::vector<store::Wake> wakes;
  for (const std::string& id : ids) wakes.push_back(wake(transaction, id, priority));
  return wakes;
}

std::vector<store::Served> wakes_served(Transaction& transaction, const std::vector<store::Wake>& wakes) {
  std::vector<store::Served> served;
  for (const store::Wake& one : wakes) {
    const ConnectionRow* row = transaction.tables.connections.find(one.connection.str());
    if (!row) continue;
    const bool done = row->served_wake_seq >= one.wake_seq;
    const bool backing_off = row->backoff_until && *row->backoff_until > transaction.now;
    served.push_back({one.connection, done, !done && (!row->sync_enabled || backing_off), row->last_error.value_or(""),
                      row->last_synced_at});
  }
  return served;
}

std::int64_t account_links(Transaction& transaction, const std::string& provider, const Text& account,
                           const std::string& except) {
  if (!account) return 0;
  std::int64_t links = 0;
  for (const auto& [id, row] : transaction.tables.connections.rows()) {
    if (id != except && row->provider == provider && row->provider_user_id == account) ++links;
  }
  return links;
}

store::Holdings connection_holdings(Transaction& transaction, const std::string& id) {
  store::Holdings holdings;
  const auto& events = transaction.tables.events.rows();
  for (auto at = events.lower_bound({id, "", ""}); at != events.end() && at->first.connection_id == id; ++at)
    ++holdings.events;
  const auto& calendars = transaction.tables.calendars.rows();
  for (auto at = calendars.lower_bound({id, ""}); at != calendars.end() && at->first.first == id; ++at)
    ++holdings.calendars;
  const auto& channels = transaction.tables.channels.index().of_connection;
  for (auto at = channels.lower_bound({id, ""}); at != channels.end() && at->first == id; ++at) ++holdings.channels;
  return holdings;
}

void connection_delete(Transaction& transaction, const std::string& id) { transaction.delete_connection(id); }

void revocation_add(Transaction& transaction, const QueuedGrant& grant, const std::string& connection) {
  const ConnectionRow* row = transaction.tables.connections.find(connection);
  if (!row) return;
  if (transaction.tables.revocations.find(grant.id)) sqlf::refuse("23505", "the id of a revocation is taken");
  const bool has_channels = connection_holdings(transaction, connection).channels > 0;
  const Time next = transaction.now + std::chrono::minutes(has_channels ? 0 : 1);
  transaction.tables.revocations.put(
      grant.id,
      {grant.id, grant.provider, grant.owner, grant.sealed, 0, next, {}, transaction.now, row->provider_user_id});
}

}  // namespace calsync::simulation::statements
