// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_mirror_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/json.hpp"
#include "common/store/event_row.hpp"
#include "common/store/postgres_claim_queue.hpp"

namespace calsync::store {
namespace {

sync::Mirror read_mirror(const db::Rows& rows) {
  sync::Mirror mirror;
  mirror.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    mirror.emplace(
        rows.text(row, "external_event_id"),
        sync::Known{std::string(rows.text(row, "etag")), sync::parse_sync_status(rows.text(row, "sync_status")),
                    std::string(rows.text(row, "recurring_event_id")), !rows.is_null(row, "booking_id"),
                    rows.flag(row, "buried")});
  }
  return mirror;
}

void add_calendars(std::vector<db::Statement>& statements, const std::string& connection, const sync::RunRows& rows) {
  for (const sync::CalendarRow& one : rows.calendars) {
    statements.push_back({&sql::calendar_upsert,
                          {connection, db::without_nul(one.external_calendar_id), db::without_nul(one.name),
                           one.time_zone, one.access_role, one.is_primary ? "true" : "false"}});
  }
  for (const std::string& id : rows.removed_calendars) {
    statements.push_back({&sql::calendar_remove, {connection, id}});
    statements.push_back({&sql::mirror_tombstone_calendar, {connection, id}});
    statements.push_back({&sql::calendar_unread, {connection, id}});
  }
  for (const std::string& id : rows.deselected_calendars) {
    statements.push_back({&sql::mirror_tombstone_calendar, {connection, id}});
    statements.push_back({&sql::calendar_unread, {connection, id}});
  }
}

constexpr std::string_view fence_fallen = "CL001";  // raised by calsync_fence

/// Starting a statement costs Postgres as much as writing a row of 1 KB, so rows go many at a time.
constexpr std::size_t rows_of_wide = 50;

/// mirror_upsert for `rows_of_wide` rows, whose parameters follow each other.
const sql::Query& wide_upsert() {
  static const std::string text = [] {
    const std::string one(sql::mirror_upsert.text);
    const std::size_t begin = one.find("VALUES (") + std::string_view("VALUES ").size();
    const std::size_t end = one.find(')', begin) + 1;
    const auto columns = static_cast<std::size_t>(std::count(one.begin() + static_cast<std::ptrdiff_t>(begin),
                                                             one.begin() + static_cast<std::ptrdiff_t>(end), '$'));
    std::string groups;
    for (std::size_t row = 0; row < rows_of_wide; ++row) {
      for (std::size_t column = 0; column < columns; ++column)
        groups += fmt::format("{}${}", column > 0 ? ", " : row > 0 ? "), (" : "(", row * columns + column + 1);
    }
    return one.substr(0, begin) + groups + ")" + one.substr(end);
  }();
  static const sql::Query query{"mirror_upsert_wide", text};
  return query;
}

/// `claim` and `one` outlive the statements.
void add_upserts(std::vector<db::Statement>& statements, const sync::Claim& claim,
                 const sync::RunRows::CalendarPlan& one) {
  const std::vector<sync::MirrorRow>& rows = one.plan.upserts;
  std::size_t at = 0;
  for (; at + rows_of_wide <= rows.size(); at += rows_of_wide) {
    statements.push_back({&wide_upsert(), {}, [&claim, &one, at] {
                            db::Values values;
                            for (std::size_t row = at; row < at + rows_of_wide; ++row) {
                              db::Values next = event_row(claim, one.calendar_id, one.time_zone, one.plan.upserts[row]);
                              std::move(next.begin(), next.end(), std::back_inserter(values));
                            }
                            return values;
                          }});
  }
  for (; at < rows.size(); ++at)
    statements.push_back({&sql::mirror_upsert, event_row(claim, one.calendar_id, one.time_zone, rows[at])});
}

void add_rows(std::vector<db::Statement>& statements, const sync::Claim& claim, const sync::RunRows& rows) {
  const std::string& connection = claim.connection.str();
  add_calendars(statements, connection, rows);
  for (const sync::RunRows::CalendarPlan& one : rows.plans) {
    if (!one.plan.tombstones.empty()) {
      statements.push_back(
          {&sql::mirror_tombstone, {connection, one.calendar_id, db::array_literal(one.plan.tombstones)}});
    }
    add_upserts(statements, claim, one);
  }
  for (const sync::RunRows::CalendarNote& note : rows.notes) {
    statements.push_back({&sql::calendar_note, {connection, note.calendar_id, db::null_if_empty(note.error)}});
  }
}

db::Statement fence(const sync::Claim& claim, std::optional<std::int64_t> edit) {
  return {&sql::queue_fence,
          {claim.connection.str(), std::to_string(claim.lease_token),
           edit ? db::Value(std::to_string(*edit)) : db::Value()}};
}

/// One transaction in one round trip. False = the fence has fallen and nothing was written.
Task<bool> write_fenced(db::Pool& pool, std::vector<db::Statement> statements) {
  db::Pool::Handle session = co_await pool.acquire();
  try {
    co_await session->pipeline(std::move(statements));
  } catch (const db::DatabaseError& error) {
    if (error.sqlstate() != fence_fallen) throw;
    co_return false;
  }
  co_return true;
}

}  // namespace

Task<sync::Mirror> PostgresMirrorStore::known(ConnectionId connection, std::string calendar_id) {
  db::Values values{connection.str(), std::move(calendar_id)};
  const db::Rows rows = co_await pool_.query(sql::mirror_known, std::move(values));
  co_return read_mirror(rows);
}

Task<sync::Mirror> PostgresMirrorStore::known(ConnectionId connection, std::string calendar_id,
                                              std::vector<std::string> event_ids) {
  db::Values values{connection.str(), std::move(calendar_id), db::array_literal(event_ids)};
  const db::Rows rows = co_await pool_.query(sql::mirror_known_of, std::move(values));
  co_return read_mirror(rows);
}

Task<bool> PostgresMirrorStore::settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) {
  std::vector<db::Statement> statements{fence(claim, std::nullopt)};
  add_rows(statements, claim, rows);
  std::vector<sync::Settlement> one{std::move(settlement)};
  statements.push_back({&sql::queue_settle, {settlements_json(one), worker_.str()}});
  co_return co_await write_fenced(pool_, std::move(statements));
}

Task<bool> PostgresMirrorStore::checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) {
  std::vector<db::Statement> statements{fence(claim, claim.edit_seq)};
  add_rows(statements, claim, rows);
  statements.push_back({&sql::queue_checkpoint,
                        {claim.connection.str(), std::to_string(claim.lease_token), std::to_string(claim.edit_seq),
                         db::without_nul(std::move(cursor)), std::to_string(seconds)}});
  co_return co_await write_fenced(pool_, std::move(statements));
}

}  // namespace calsync::store
