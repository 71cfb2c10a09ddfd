// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_claim_queue.hpp"

#include "common/base/json.hpp"
#include "common/store/connection_store.hpp"

namespace calsync::store {
namespace {

template <class Range>
db::Value ids_of(const Range& ids) {
  std::vector<std::string> texts;
  for (const auto& id : ids) texts.push_back(id.str());
  return db::array_literal(texts);
}

db::Value maybe_array(const std::optional<std::vector<std::string>>& ids) {
  return ids ? db::Value(db::array_literal(*ids)) : db::Value();
}

db::Value boolean(bool flag) { return flag ? "true" : "false"; }

std::optional<std::vector<std::string>> restriction(const sync::Allowlist& list) {
  if (list.everybody) return std::nullopt;
  return std::vector<std::string>(list.ids.begin(), list.ids.end());
}

std::vector<sync::Claim::CalendarState> read_calendars(std::string_view text) {
  std::vector<sync::Claim::CalendarState> calendars;
  if (text.empty()) return calendars;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsArray()) return calendars;
  for (const json::Value& one : parsed->GetArray()) {
    calendars.push_back({json::text_at(one, "id"), json::text_at(one, "time_zone"),
                         json::bool_at(one, "selected").value_or(true), json::bool_at(one, "gone").value_or(false),
                         json::bool_at(one, "failed").value_or(false), json::bool_at(one, "rests").value_or(false),
                         json::bool_at(one, "may_watch").value_or(true), json::bool_at(one, "read").value_or(true)});
  }
  return calendars;
}

std::vector<sync::Channel> read_channels(std::string_view text) {
  std::vector<sync::Channel> channels;
  if (text.empty()) return channels;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsArray()) return channels;
  for (const json::Value& one : parsed->GetArray()) {
    channels.push_back({json::text_at(one, "id"), json::text_at(one, "calendar"), json::text_at(one, "resource"),
                        sync::parse_channel_state(json::text_at(one, "state")),
                        json::bool_at(one, "expired").value_or(false),
                        json::bool_at(one, "renewal_due").value_or(false), json::bool_at(one, "silent").value_or(false),
                        json::bool_at(one, "stop_due").value_or(true), json::text_at(one, "address")});
  }
  return channels;
}

std::vector<std::pair<std::string, std::string>> read_members(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> members;
  if (text.empty()) return members;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return members;
  for (const auto& [name, value] : parsed->GetObject()) {
    if (value.IsString())
      members.emplace_back(name.GetString(), std::string(value.GetString(), value.GetStringLength()));
  }
  return members;
}

std::vector<std::string> read_texts(std::string_view text) {
  std::vector<std::string> texts;
  if (text.empty()) return texts;
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsArray()) return texts;
  for (const json::Value& one : parsed->GetArray()) texts.emplace_back(one.GetString(), one.GetStringLength());
  return texts;
}

ConnectionId connection_in(const db::Rows& rows, int row) {
  return ConnectionId::trusted(std::string(rows.text(row, "id")));
}

void read_belongings(sync::Claim& claim, const db::Rows& rows, int row) {
  claim.account_links = static_cast<int>(rows.number(row, "account_links"));
  claim.sealed_credentials = read_members(rows.text(row, "credentials"));
  claim.calendars = read_calendars(rows.text(row, "calendars"));
  claim.channels = read_channels(rows.text(row, "channels"));
  claim.retry_calendars = read_texts(rows.text(row, "retry_calendars"));
}

sync::Claim read_claim(const db::Rows& rows, int row) {
  sync::Claim claim;
  claim.connection = connection_in(rows, row);
  claim.owner = OwnerId::trusted(std::string(rows.text(row, "provider_id")));
  claim.provider = rows.text(row, "provider");
  claim.account = rows.text(row, "provider_user_id");
  claim.lease_token = rows.number(row, "lease_token");
  claim.wake_seq = rows.number(row, "wake_seq");
  claim.edit_seq = rows.number(row, "edit_seq");
  claim.cursor = rows.text(row, "sync_cursor");
  claim.last_synced_at = rows.time(row, "last_synced_at");
  claim.token_expiry = rows.time(row, "token_expiry");
  claim.error_count = static_cast<int>(rows.number(row, "error_count"));
  claim.grant_refusals = static_cast<int>(rows.number(row, "grant_refusals"));
  claim.unsettled_claims = static_cast<int>(rows.number(row, "unsettled_claims"));
  claim.state = rows.text(row, "sync_state");
  claim.by_push = rows.number(row, "sync_priority") == static_cast<int>(Priority::push);
  claim.asked_for = rows.flag(row, "sync_needed");
  claim.interactive = claim.asked_for && rows.number(row, "sync_priority") == static_cast<int>(Priority::interactive);
  claim.calls_drained = static_cast<double>(rows.number(row, "calls_drained"));
  claim.calls_age = Duration(rows.number(row, "calls_age"));
  if (!rows.is_null(row, "woken_ms_ago")) claim.woken_ago = std::chrono::milliseconds(rows.number(row, "woken_ms_ago"));
  return claim;
}

void add_candidates(std::vector<Candidate>& found, const db::Rows& rows) {
  for (int row = 0; row < rows.size(); ++row) {
    found.push_back({ConnectionId::trusted(std::string(rows.text(row, "id"))),
                     OwnerId::trusted(std::string(rows.text(row, "provider_id"))),
                     std::string(rows.text(row, "provider")), static_cast<Rank>(rows.number(row, "rank")),
                     std::chrono::milliseconds(rows.number(row, "overdue")),
                     static_cast<int>(rows.number(row, "unsettled"))});
  }
}

/// json may hold an escaped NUL, which text may not: one would refuse the verdicts of the whole batch.
std::optional<std::string> clean(const std::optional<std::string>& text) {
  return text ? std::optional(db::without_nul(*text)) : std::nullopt;
}

void put_settlement(json::Writer& writer, const sync::Settlement& one) {
  const bool succeeded = one.outcome.verdict == sync::Verdict::complete;
  writer.begin_object()
      .put("id", one.connection.str())
      .put("lease_token", one.lease_token)
      .put("wake", one.wake_seq)
      .put("edit", one.edit_seq)
      .put("succeeded", succeeded)
      .put("snoozed", one.outcome.verdict == sync::Verdict::snooze)
      .put("keep_cursor", one.cursor.has_value())
      .put("cursor", clean(one.cursor))
      .put("refusals", one.outcome.grant_refusals)
      .put("sync_id", one.sync_id)
      .put("outcome", sync::verdict_name(one.outcome.verdict))
      .put("started_at", format_rfc3339(one.started_at))
      .put("noteworthy", one.noteworthy)
      .put("again", one.again)
      .put("state", one.state.state)
      .put("state_reason", one.state.reason.empty() ? std::nullopt : std::optional(db::without_nul(one.state.reason)))
      .put("calls_drained", one.calls_drained)
      .put("items_ingested", one.counts.ingested)
      .put("items_updated", one.counts.updated)
      .put("items_deleted", one.counts.deleted)
      .put("items_failed", one.counts.failed);
  if (!succeeded)
    writer.put("error", db::without_nul(one.outcome.last_error)).put("backoff_seconds", one.outcome.backoff.count());
  if (one.outcome.provider_status != 0) writer.put("provider_status", one.outcome.provider_status);
  if (!one.outcome.provider_request_id.empty())
    writer.put("provider_request_id", db::without_nul(one.outcome.provider_request_id));
  writer.put("pause_seconds", one.outcome.pause.count());
  writer.end_object();
}

}  // namespace

ClaimFilter make_filter(const sync::Admission&, const sync::GateSettings& gate, std::vector<std::string> providers,
                        std::vector<std::string> dead_workers) {
  ClaimFilter filter;
  filter.providers = std::move(providers);
  filter.dead_workers = std::move(dead_workers);
  filter.polling = static_cast<bool>(sync::ask(gate, sync::Operation::poll));
  filter.owners = restriction(gate.owners);
  filter.connections = restriction(gate.connections);
  return filter;
}

std::string settlements_json(const std::vector<sync::Settlement>& settlements) {
  json::Writer writer;
  writer.begin_array();
  for (const sync::Settlement& one : settlements) put_settlement(writer, one);
  writer.end_array();
  return writer.text();
}

Task<std::vector<std::string>> PostgresClaimQueue::heartbeat() {
  db::Values values{worker_.str(), host_, version_};
  const db::Rows rows = co_await heart_.query(sql::queue_heartbeat, std::move(values));
  std::vector<std::string> dead;
  for (int row = 0; row < rows.size(); ++row) {
    if (!rows.flag(row, "alive")) dead.emplace_back(rows.text(row, "id"));
  }
  co_return dead;
}

Task<void> PostgresClaimQueue::sign_off() {
  db::Values values{worker_.str()};
  co_await pool_.query(sql::queue_sign_off, std::move(values));
}

Task<std::vector<Candidate>> PostgresClaimQueue::candidates(ClaimFilter filter, int limit) {
  db::Values values{db::array_literal(filter.providers), std::to_string(limit), db::array_literal(filter.dead_workers),
                    db::array_literal(filter.busy_owners)};
  const sql::Query* query = filter.polling ? &sql::queue_candidates_due : &sql::queue_candidates_needed;
  if (filter.owners || filter.connections) {
    values.push_back(db::array_literal(filter.owners ? *filter.owners : *filter.connections));
    values.push_back(boolean(filter.polling));
    query = &sql::queue_candidates_listed;
    if (filter.owners) {
      values.push_back(maybe_array(filter.connections));
      query = &sql::queue_candidates_of_owners;
    }
  }
  std::vector<Candidate> found;
  if (query == &sql::queue_candidates_due) {
    db::Values same = values;
    add_candidates(found, co_await pool_.query(sql::queue_candidates_urgent, std::move(same)));
    if (filter.full_reads) {
      db::Values backfill = values;
      add_candidates(found, co_await pool_.query(sql::queue_candidates_backfill, std::move(backfill)));
    }
  }
  add_candidates(found, co_await pool_.query(*query, std::move(values)));
  co_return found;
}

Task<std::vector<sync::Claim>> PostgresClaimQueue::claim(std::vector<ConnectionId> connections, ClaimFilter filter,
                                                         int seconds) {
  db::Values values{ids_of(connections),
                    worker_.str(),
                    std::to_string(seconds),
                    db::array_literal(filter.dead_workers),
                    boolean(filter.polling),
                    maybe_array(filter.owners),
                    maybe_array(filter.connections),
                    filter.suspect ? db::Value(filter.suspect->str()) : db::Value()};
  db::Values of_ours{ids_of(connections), worker_.str(), std::to_string(filter.patience.count())};
  std::vector<db::Statement> statements{{&sql::queue_claim, std::move(values)},
                                        {&sql::queue_claimed, std::move(of_ours)}};
  db::Pool::Handle session = co_await pool_.acquire();
  const std::vector<db::Rows> answers = co_await session->pipeline(std::move(statements));
  const db::Rows& rows = answers.at(0);
  std::map<ConnectionId, sync::Claim> claims;
  for (int row = 0; row < rows.size(); ++row) claims.emplace(connection_in(rows, row), read_claim(rows, row));
  for (int row = 0; row < answers.at(1).size(); ++row) {
    // A connection that this worker has held since before is not among them.
    if (const auto claim = claims.find(connection_in(answers.at(1), row)); claim != claims.end())
      read_belongings(claim->second, answers.at(1), row);
  }
  std::vector<sync::Claim> found;
  for (auto& [connection, claim] : claims) found.push_back(std::move(claim));
  co_return found;
}

Task<bool> PostgresClaimQueue::extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq,
                                      int seconds) {
  db::Values values{connection.str(), std::to_string(lease_token), std::to_string(seconds)};
  const db::Rows rows = co_await pool_.query(sql::queue_extend, std::move(values));
  co_return !rows.empty() && rows.flag(0, "sync_enabled") && rows.number(0, "edit_seq") == edit_seq;
}

Task<SettledRuns> PostgresClaimQueue::settle(std::vector<sync::Settlement> settlements) {
  db::Values values{settlements_json(settlements), worker_.str()};
  const db::Rows rows = co_await pool_.query(sql::queue_settle, std::move(values));
  SettledRuns runs;
  for (int row = 0; row < rows.size(); ++row)
    (rows.flag(row, "held") ? runs.held : runs.settled).insert(connection_in(rows, row));
  co_return runs;
}

Task<std::set<ConnectionId>> PostgresClaimQueue::release(std::vector<sync::ReturnedLease> leases) {
  json::Writer writer;
  writer.begin_array();
  for (const sync::ReturnedLease& one : leases) {
    writer.begin_object()
        .put("id", one.connection.str())
        .put("lease_token", one.lease_token)
        .put("pause_seconds", one.pause.count())
        .put("edit", one.edit_seq)
        .put("second_look_seconds", one.second_look.count())
        .end_object();
  }
  writer.end_array();
  db::Values values{writer.text()};
  const db::Rows rows = co_await pool_.query(sql::queue_release, std::move(values));
  std::set<ConnectionId> held;
  for (int row = 0; row < rows.size(); ++row) held.insert(connection_in(rows, row));
  co_return held;
}

Task<void> PostgresClaimQueue::disown(std::vector<ConnectionId> connections) {
  std::vector<std::string> ids;
  for (const ConnectionId& one : connections) ids.push_back(one.str());
  db::Values values{worker_.str(), db::array_literal(ids)};
  co_await pool_.query(sql::queue_disown, std::move(values));
}

}  // namespace calsync::store
