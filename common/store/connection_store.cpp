// SPDX-License-Identifier: Apache-2.0
#include "common/store/connection_store.hpp"

#include "common/base/json.hpp"
#include "common/store/connection_facts.hpp"
#include "common/store/postgres_credential_table.hpp"

namespace calsync::store {
namespace {

ConnectionView read_view(const db::Rows& rows, int row) {
  ConnectionView view;
  view.facts = read_facts(rows, row);
  view.provider = rows.text(row, "provider");
  view.provider_user_id = rows.text(row, "provider_user_id");
  view.provider_email = rows.text(row, "provider_email");
  view.settled_state = rows.text(row, "sync_state");
  view.settled_since = rows.time(row, "state_since");
  view.recovered_at = rows.time(row, "recovered_at");
  view.token_expiry = rows.time(row, "token_expiry");
  view.failed_events = rows.number(row, "failed_events");
  view.now = rows.time(row, "now").value_or(Time());
  return view;
}

std::vector<Wake> read_wakes(const db::Rows& rows) {
  std::vector<Wake> wakes;
  for (int row = 0; row < rows.size(); ++row) {
    wakes.push_back({ConnectionId::trusted(std::string(rows.text(row, "id"))), rows.number(row, "wake_seq")});
  }
  return wakes;
}

std::string holdings_json(const Holdings& holdings) {
  json::Writer writer;
  writer.begin_object().key("deleted").begin_object().put("events", holdings.events);
  writer.put("calendars", holdings.calendars).put("channels", holdings.channels).end_object().end_object();
  return writer.text();
}

std::string priority_text(Priority priority) { return std::to_string(static_cast<int>(priority)); }

db::Value maybe_array(const std::optional<std::vector<std::string>>& ids) {
  return ids ? db::Value(db::array_literal(*ids)) : db::Value();
}

}  // namespace

Task<bool> ConnectionStore::owner_exists(OwnerId owner) {
  db::Values values{owner.str()};
  const db::Rows rows = co_await pool_.query(sql::owner_exists, std::move(values));
  co_return !rows.empty();
}

Task<std::vector<ConnectionView>> ConnectionStore::of_owner(sync::Admission, OwnerId owner) {
  db::Values values{owner.str()};
  const db::Rows rows = co_await pool_.query(sql::connections_of_owner, std::move(values));
  std::vector<ConnectionView> views;
  for (int row = 0; row < rows.size(); ++row) views.push_back(read_view(rows, row));
  co_return views;
}

Task<std::optional<ConnectionView>> ConnectionStore::find(ConnectionId connection) {
  db::Values values{connection.str()};
  const db::Rows rows = co_await pool_.query(sql::connection_by_id, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  co_return read_view(rows, 0);
}

Task<std::vector<StateChangeRow>> ConnectionStore::state_changes(ConnectionId connection, int limit) {
  db::Values values{connection.str(), std::to_string(limit)};
  const db::Rows rows = co_await pool_.query(sql::connection_state_changes, std::move(values));
  std::vector<StateChangeRow> changes;
  for (int row = 0; row < rows.size(); ++row) {
    changes.push_back({std::string(rows.text(row, "from_state")), std::string(rows.text(row, "to_state")),
                       std::string(rows.text(row, "reason")), rows.time(row, "changed_at")});
  }
  co_return changes;
}

Task<bool> ConnectionStore::has_refresh_token(OwnerId owner, std::string provider, std::string account) {
  db::Values values{owner.str(), std::move(provider), std::move(account)};
  const db::Rows rows = co_await pool_.query(sql::connection_find_account, std::move(values));
  co_return !rows.empty() && rows.flag(0, "has_refresh_token");
}

Task<Connected> ConnectionStore::connect(sync::Admission, NewConnection one, Author author) {
  author.action = "connect";
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  db::Values values{one.owner.str(),
                    one.provider,
                    one.account,
                    db::null_if_empty(one.email),
                    db::to_value(one.token_expiry),
                    db::null_if_empty(one.scopes),
                    one.await_confirmation ? "true" : "false"};
  const db::Rows rows = co_await transaction->query(sql::connection_upsert, std::move(values));
  Connected connected{ConnectionId::trusted(std::string(rows.text(0, "id"))), rows.flag(0, "created"),
                      rows.flag(0, "awaiting_confirmation")};
  db::Values sealed{connected.connection.str(), credentials_json(credentials_.seal(connected.connection, one.owner,
                                                                                   one.provider, one.credentials))};
  co_await transaction->query(sql::credentials_replace, std::move(sealed));
  co_await note(transaction, {connected.connection.str()},
                connected.created ? R"({"created": true})" : R"({"renewed": true})");
  co_await transaction.commit();
  co_return connected;
}

Task<int> ConnectionStore::change(const sql::Query& statement, db::Values values, Author author) {
  std::vector<std::string> of{values.front().value_or("")};
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  const db::Rows rows = co_await transaction->query(statement, std::move(values));
  co_await note(transaction, std::move(of), "{}");
  co_await transaction.commit();
  co_return rows.size();
}

Task<bool> ConnectionStore::confirm(sync::Admission, ConnectionId connection, OwnerId owner, Author author) {
  author.action = "confirm";
  db::Values values{connection.str(), owner.str()};
  co_return co_await change(sql::connection_confirm, std::move(values), std::move(author)) > 0;
}

Task<void> ConnectionStore::set_enabled(sync::Admission, ConnectionId connection, bool enabled, Author author) {
  author.action = enabled ? "enable" : "disable";
  db::Values values{connection.str(), enabled ? "true" : "false"};
  co_await change(sql::connection_set_enabled, std::move(values), std::move(author));
}

Task<void> ConnectionStore::set_frequency(sync::Admission, ConnectionId connection, int minutes, Author author) {
  author.action = "set-frequency";
  db::Values values{connection.str(), std::to_string(minutes)};
  co_await change(sql::connection_set_frequency, std::move(values), std::move(author));
}

Task<std::vector<std::string>> ConnectionStore::select_calendars(sync::Admission, ConnectionId connection,
                                                                 std::vector<std::string> calendars, Author author) {
  author.action = "select-calendars";
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  // In the order of a run that writes: its connection, then what belongs to it.
  db::Values locked{db::array_literal({connection.str()})};
  co_await transaction->query(sql::operator_lock, std::move(locked));
  db::Values wanted{connection.str(), db::array_literal(calendars)};
  const db::Rows unknown = co_await transaction->query(sql::calendars_unknown, wanted);
  std::vector<std::string> missing;
  for (int row = 0; row < unknown.size(); ++row) missing.emplace_back(unknown.text(row, "id"));
  if (missing.empty()) {
    co_await transaction->query(sql::connection_select_calendars, std::move(wanted));
    db::Values urgent{connection.str(), priority_text(Priority::interactive)};
    co_await transaction->query(sql::connection_wake, std::move(urgent));
    // How many and not which: the ids of calendars are people's addresses, and the audit outlives them.
    co_await note(transaction, {connection.str()}, "{\"selected\": " + std::to_string(calendars.size()) + "}");
  }
  co_await transaction.commit();
  co_return missing;
}

Task<std::vector<std::string>> ConnectionStore::calendars(sync::Admission, ConnectionId connection) {
  db::Values values{connection.str()};
  const db::Rows rows = co_await pool_.query(sql::calendars_of, std::move(values));
  std::vector<std::string> calendars;
  for (int row = 0; row < rows.size(); ++row) calendars.emplace_back(rows.text(row, "calendar"));
  co_return calendars;
}

Task<std::vector<Wake>> ConnectionStore::wake(sync::Admission, ConnectionId connection, Priority priority) {
  db::Values values{connection.str(), priority_text(priority)};
  co_return read_wakes(co_await pool_.query(sql::connection_wake, std::move(values)));
}

Task<std::vector<Wake>> ConnectionStore::wake_owner(sync::Admission, OwnerId owner, Priority priority,
                                                    std::optional<std::vector<std::string>> listed) {
  db::Values values{owner.str(), priority_text(priority), maybe_array(listed)};
  co_return read_wakes(co_await pool_.query(sql::owner_wake, std::move(values)));
}

Task<std::vector<Served>> ConnectionStore::served(std::vector<Wake> wakes) {
  std::vector<std::string> ids;
  std::vector<std::string> seqs;
  for (const Wake& wake : wakes) {
    ids.push_back(wake.connection.str());
    seqs.push_back(std::to_string(wake.wake_seq));
  }
  db::Values values{db::array_literal(ids), db::array_literal(seqs)};
  const db::Rows rows = co_await pool_.query(sql::wakes_served, std::move(values));
  std::vector<Served> served;
  for (int row = 0; row < rows.size(); ++row) {
    const bool done = rows.flag(row, "served");
    served.push_back({ConnectionId::trusted(std::string(rows.text(row, "id"))), done,
                      !done && (!rows.flag(row, "sync_enabled") || rows.flag(row, "backing_off")),
                      std::string(rows.text(row, "last_error")), rows.time(row, "last_synced_at")});
  }
  co_return served;
}

Task<EventsPage> ConnectionStore::events(sync::Admission, EventsQuery query) {
  db::Values values{query.owner.str(),
                    db::to_text(query.from),
                    db::to_text(query.to),
                    query.after ? db::Value(query.after->first) : db::Value(),
                    query.after ? db::Value(query.after->second) : db::Value(),
                    std::to_string(query.limit + 1),
                    maybe_array(query.connections)};
  const db::Rows rows = co_await pool_.query(sql::events_page, std::move(values));
  EventsPage page;
  const int shown = std::min(rows.size(), query.limit);
  for (int row = 0; row < shown; ++row) page.events.emplace_back(rows.text(row, "event"));
  if (rows.size() > query.limit) page.last.emplace(rows.text(shown - 1, "sort_time"), rows.text(shown - 1, "id"));
  co_return page;
}

Task<Result<Credentials>> ConnectionStore::credentials_of(ConnectionView connection) {
  sync::Claim claim;
  claim.connection = connection.facts.connection;
  claim.owner = connection.facts.owner;
  claim.provider = connection.provider;
  db::Values values{claim.connection.str()};
  const db::Rows rows = co_await pool_.query(sql::queue_credentials, std::move(values));
  for (int row = 0; row < rows.size(); ++row)
    claim.sealed_credentials.emplace_back(rows.text(row, "kind"), rows.text(row, "sealed"));
  co_return credentials_.open(claim);
}

Task<Holdings> ConnectionStore::erase(sync::Admission, ConnectionView connection,
                                      std::optional<std::pair<std::string, std::string>> revocation, Author author) {
  const std::string& id = connection.facts.connection.str();
  author.action = "disconnect";
  db::Transaction transaction = co_await begin_signed(pool_, std::move(author));
  db::Values account{connection.provider, connection.provider_user_id};
  co_await transaction->query(sql::account_lock, account);
  account.emplace_back(id);
  const db::Rows links = co_await transaction->query(sql::account_links, std::move(account));
  const bool shared = links.number(0, "others") > 0;
  db::Values of{id};
  const db::Rows rows = co_await transaction->query(sql::connection_holdings, of);
  if (revocation && !shared) {
    db::Values queued{revocation->first, connection.provider, connection.facts.owner.str(), revocation->second, id};
    co_await transaction->query(sql::revocation_add, std::move(queued));
  }
  const Holdings holdings{rows.number(0, "events"), rows.number(0, "calendars"), rows.number(0, "channels"), shared};
  co_await note(transaction, {id}, holdings_json(holdings));
  co_await transaction->query(sql::connection_delete, of);
  co_await transaction.commit();
  co_return holdings;
}

Task<Holdings> ConnectionStore::holdings(ConnectionId connection) {
  db::Values values{connection.str()};
  const db::Rows rows = co_await pool_.query(sql::connection_holdings, std::move(values));
  co_return Holdings{rows.number(0, "events"), rows.number(0, "calendars"), rows.number(0, "channels")};
}

Task<bool> ConnectionStore::revocation_waits(std::string id) {
  db::Values values{std::move(id)};
  const db::Rows rows = co_await pool_.query(sql::revocation_find, std::move(values));
  co_return !rows.empty();
}

Task<void> ConnectionStore::revocation_done(std::string id) {
  db::Values values{std::move(id)};
  co_await pool_.query(sql::revocation_done, std::move(values));
}

}  // namespace calsync::store
