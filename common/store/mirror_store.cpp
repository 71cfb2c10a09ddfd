// SPDX-License-Identifier: Apache-2.0
#include "common/store/mirror_store.hpp"

#include "common/base/json.hpp"
#include "common/store/claim_queue.hpp"
#include "common/store/event_row.hpp"

namespace calsync::store {
namespace {

sync::Mirror read_mirror(const db::Rows& rows) {
  sync::Mirror mirror;
  mirror.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    mirror.emplace(
        rows.text(row, "external_event_id"),
        sync::Known{std::string(rows.text(row, "etag")), sync::parse_sync_status(rows.text(row, "sync_status")),
                    std::string(rows.text(row, "recurring_event_id")), !rows.is_null(row, "booking_id")});
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
  }
  for (const std::string& id : rows.deselected_calendars) {
    statements.push_back({&sql::mirror_tombstone_calendar, {connection, id}});
  }
}

std::vector<db::Statement> statements_of(const sync::Claim& claim, const sync::RunRows& rows) {
  std::vector<db::Statement> statements;
  const std::string& connection = claim.connection.str();
  add_calendars(statements, connection, rows);
  for (const sync::RunRows::CalendarPlan& one : rows.plans) {
    if (!one.plan.tombstones.empty()) {
      statements.push_back(
          {&sql::mirror_tombstone, {connection, one.calendar_id, db::array_literal(one.plan.tombstones)}});
    }
    for (const sync::MirrorRow& row : one.plan.upserts) {
      statements.push_back({&sql::mirror_upsert, event_row(claim, one.calendar_id, one.time_zone, row)});
    }
  }
  for (const sync::RunRows::CalendarNote& note : rows.notes) {
    statements.push_back({&sql::calendar_note, {connection, note.calendar_id, db::null_if_empty(note.error)}});
  }
  return statements;
}

db::Statement fence(const sync::Claim& claim) {
  return {&sql::queue_fence, {claim.connection.str(), std::to_string(claim.lease_token)}};
}

}  // namespace

Task<sync::Mirror> MirrorStore::known(ConnectionId connection, std::string calendar_id) {
  db::Values values{connection.str(), std::move(calendar_id)};
  const db::Rows rows = co_await pool_.query(sql::mirror_known, std::move(values));
  co_return read_mirror(rows);
}

Task<sync::Mirror> MirrorStore::known(ConnectionId connection, std::string calendar_id,
                                      std::vector<std::string> event_ids) {
  db::Values values{connection.str(), std::move(calendar_id), db::array_literal(event_ids)};
  const db::Rows rows = co_await pool_.query(sql::mirror_known_of, std::move(values));
  co_return read_mirror(rows);
}

Task<bool> MirrorStore::settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) {
  db::Transaction transaction = co_await db::Transaction::begin(pool_);
  db::Statement first = fence(claim);
  const db::Rows owned = co_await transaction->query(*first.query, std::move(first.values));
  if (owned.empty()) {
    co_await transaction.rollback();
    co_return false;
  }
  std::vector<db::Statement> statements = statements_of(claim, rows);
  std::vector<sync::Settlement> one{std::move(settlement)};
  statements.push_back({&sql::queue_settle, {settlements_json(one), worker_.str()}});
  co_await transaction->pipeline(std::move(statements));
  co_await transaction.commit();
  co_return true;
}

Task<bool> MirrorStore::checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) {
  db::Transaction transaction = co_await db::Transaction::begin(pool_);
  db::Statement first = fence(claim);
  const db::Rows owned = co_await transaction->query(*first.query, std::move(first.values));
  if (owned.empty() || owned.number(0, "edit_seq") != claim.edit_seq) {
    co_await transaction.rollback();
    co_return false;
  }
  std::vector<db::Statement> statements = statements_of(claim, rows);
  statements.push_back({&sql::queue_checkpoint,
                        {claim.connection.str(), std::to_string(claim.lease_token), std::to_string(claim.edit_seq),
                         std::move(cursor), std::to_string(seconds)}});
  co_await transaction->pipeline(std::move(statements));
  co_await transaction.commit();
  co_return true;
}

}  // namespace calsync::store
