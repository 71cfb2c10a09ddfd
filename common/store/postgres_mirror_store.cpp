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
                    rows.flag(row, "buried"), std::string(rows.text(row, "slots"))});
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
    statements.push_back({&sql::staged_discard, {connection, id}});
  }
  for (const std::string& id : rows.deselected_calendars) {
    statements.push_back({&sql::mirror_tombstone_calendar, {connection, id}});
    statements.push_back({&sql::calendar_unread, {connection, id}});
    statements.push_back({&sql::staged_discard, {connection, id}});
  }
  for (const std::string& id : rows.read_in_full) statements.push_back({&sql::staged_discard, {connection, id}});
}

constexpr std::string_view fence_fallen = "CL001";  // raised by calsync_fence
constexpr std::string_view deadlock = "40P01";
constexpr int most_deadlocks = 3;

/// Starting a statement costs Postgres as much as writing a row of 1 KB, so rows go many at a time.
constexpr std::size_t rows_of_wide = 50;

/// A statement that writes one row, and the same for `rows_of_wide` rows, whose parameters follow each other.
struct RowWriter {
  const sql::Query& one;
  const sql::Query& wide;
};

std::string widened(const sql::Query& query) {
  const std::string one(query.text);
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
}

RowWriter upsert() {
  static const std::string text = widened(sql::mirror_upsert);
  static const sql::Query wide{"mirror_upsert_wide", text};
  return {sql::mirror_upsert, wide};
}

RowWriter staging() {
  static const std::string text = widened(sql::staged_insert);
  static const sql::Query wide{"staged_insert_wide", text};
  return {sql::staged_insert, wide};
}

/// One calendar's rows, on their way to a table.
struct RowsOf {
  const sync::Claim& claim;
  const std::string& calendar_id;
  const std::string& time_zone;
  const std::vector<sync::MirrorRow>& rows;
  db::Values values(std::size_t at) const { return event_row(claim, calendar_id, time_zone, rows[at]); }
};

/// What `rows` refers to outlives the statements.
void add_rows_of(std::vector<db::Statement>& statements, RowsOf rows, RowWriter writer) {
  std::size_t at = 0;
  for (; at + rows_of_wide <= rows.rows.size(); at += rows_of_wide) {
    statements.push_back({&writer.wide, {}, [rows, at] {
                            db::Values values;
                            for (std::size_t row = at; row < at + rows_of_wide; ++row) {
                              db::Values next = rows.values(row);
                              std::move(next.begin(), next.end(), std::back_inserter(values));
                            }
                            return values;
                          }});
  }
  for (; at < rows.rows.size(); ++at) statements.push_back({&writer.one, rows.values(at)});
}

void add_rows(std::vector<db::Statement>& statements, const sync::Claim& claim, const sync::RunRows& rows) {
  const std::string& connection = claim.connection.str();
  add_calendars(statements, connection, rows);
  for (const sync::RunRows::CalendarPlan& one : rows.plans) {
    if (!one.plan.tombstones.empty()) {
      statements.push_back(
          {&sql::mirror_tombstone, {connection, one.calendar_id, db::array_literal(one.plan.tombstones)}});
    }
    add_rows_of(statements, {claim, one.calendar_id, one.time_zone, one.plan.upserts}, upsert());
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

/// One transaction in one round trip. Nothing = the fence has fallen and nothing was written. Whoever takes rows in
/// another order than runs do, by hand for instance, makes a deadlock of it: that undoes the whole, which is simply
/// written again.
Task<std::optional<std::vector<db::Rows>>> write_fenced(db::Pool& pool, std::vector<db::Statement> statements) {
  for (int left = most_deadlocks;; --left) {
    db::Pool::Handle session = co_await pool.acquire();
    try {
      std::vector<db::Statement> again = statements;
      co_return co_await session->pipeline(std::move(again));
    } catch (const db::DatabaseError& error) {
      if (error.sqlstate() == fence_fallen) co_return std::nullopt;
      if (error.sqlstate() != deadlock || left == 0) throw;
    }
  }
}

db::Statement checkpoint_of(const sync::Claim& claim, std::string cursor, int seconds) {
  return {&sql::queue_checkpoint,
          {claim.connection.str(), std::to_string(claim.lease_token), std::to_string(claim.edit_seq),
           db::without_nul(std::move(cursor)), std::to_string(seconds)}};
}

db::Statement staged_check(const sync::Claim& claim, const sync::StagedRead& read) {
  return {&sql::staged_check,
          {claim.connection.str(), read.calendar_id, std::to_string(claim.lease_token), std::to_string(read.batches)}};
}

void add_batch(std::vector<db::Statement>& statements, const sync::Claim& claim, const sync::StagedRead& read,
               const sync::StagedBatch& batch) {
  const std::string& connection = claim.connection.str();
  if (read.batches == 0) {
    statements.push_back({&sql::staged_discard, {connection, read.calendar_id}});
    statements.push_back({&sql::staged_begin, {connection, read.calendar_id, std::to_string(claim.lease_token)}});
  } else {
    statements.push_back(staged_check(claim, read));
    statements.push_back({&sql::staged_next, {connection, read.calendar_id}});
    std::vector<std::string> named = batch.removed;
    for (const sync::MirrorRow& row : batch.rows) named.push_back(row.event.external_event_id);
    statements.push_back({&sql::staged_remove, {connection, read.calendar_id, db::array_literal(named)}});
  }
  add_rows_of(statements, {claim, read.calendar_id, read.time_zone, batch.rows}, staging());
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
  const auto written = co_await write_fenced(pool_, std::move(statements));
  co_return written.has_value();
}

Task<bool> PostgresMirrorStore::checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) {
  std::vector<db::Statement> statements{fence(claim, claim.edit_seq)};
  add_rows(statements, claim, rows);
  statements.push_back(checkpoint_of(claim, std::move(cursor), seconds));
  const auto written = co_await write_fenced(pool_, std::move(statements));
  co_return written.has_value();
}

Task<bool> PostgresMirrorStore::stage(sync::Claim claim, sync::StagedRead read, sync::StagedBatch batch, int seconds) {
  std::vector<db::Statement> statements{fence(claim, claim.edit_seq)};
  add_batch(statements, claim, read, batch);
  statements.push_back(
      {&sql::queue_extend, {claim.connection.str(), std::to_string(claim.lease_token), std::to_string(seconds)}});
  const auto written = co_await write_fenced(pool_, std::move(statements));
  co_return written.has_value();
}

Task<std::optional<sync::Counts>> PostgresMirrorStore::flip(sync::Claim claim, sync::RunRows rows,
                                                            sync::StagedRead read, std::string cursor, int seconds) {
  // The fence locks the row, so that nobody takes the lease over, however long it takes.
  std::vector<db::Statement> statements{fence(claim, claim.edit_seq), staged_check(claim, read)};
  add_rows(statements, claim, rows);
  statements.push_back({&sql::mirror_flip_plan, {}});
  const std::size_t flip = statements.size();
  statements.push_back(
      {&sql::mirror_flip, {claim.connection.str(), read.calendar_id, read.rezoned ? "true" : "false"}});
  statements.push_back({&sql::staged_discard, {claim.connection.str(), read.calendar_id}});
  statements.push_back(checkpoint_of(claim, std::move(cursor), seconds));
  const auto written = co_await write_fenced(pool_, std::move(statements));
  if (!written) co_return std::nullopt;
  const db::Rows& counted = (*written)[flip];
  const auto count = [&](const char* name) { return static_cast<int>(counted.number(0, name)); };
  co_return sync::Counts{count("ingested"), count("updated"), count("deleted"), count("failed")};
}

}  // namespace calsync::store
