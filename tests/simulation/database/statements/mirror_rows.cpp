// SPDX-License-Identifier: Apache-2.0
#include "common/store/event_row.hpp"
#include "tests/simulation/database/statements/mirror.hpp"

namespace calsync::simulation::statements {
namespace {

/// So many rows go in one statement, the rest one by one, as the store sends them.
constexpr std::size_t rows_of_wide = 50;

void upserts(Transaction& transaction, const sync::Claim& claim, const sync::RunRows::CalendarPlan& one) {
  const std::vector<sync::MirrorRow>& rows = one.plan.upserts;
  const std::size_t wide = rows.size() / rows_of_wide * rows_of_wide;
  std::vector<db::Values> statement;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    statement.push_back(store::event_row(claim, one.calendar_id, one.time_zone, rows[at]));
    if (at < wide && statement.size() < rows_of_wide) continue;
    mirror_upsert(transaction, statement);
    statement.clear();
  }
}

}  // namespace

void mirror_rows(Transaction& transaction, const sync::Claim& claim, const sync::RunRows& rows) {
  const std::string& connection = claim.connection.str();
  for (const sync::CalendarRow& one : rows.calendars) calendar_upsert(transaction, connection, one);
  for (const std::string& id : rows.removed_calendars) {
    calendar_remove(transaction, connection, id);
    mirror_tombstone_calendar(transaction, connection, id);
    calendar_unread(transaction, connection, id);
    staged_discard(transaction, connection, id);
  }
  for (const std::string& id : rows.deselected_calendars) {
    mirror_tombstone_calendar(transaction, connection, id);
    calendar_unread(transaction, connection, id);
    staged_discard(transaction, connection, id);
  }
  for (const std::string& id : rows.read_in_full) staged_discard(transaction, connection, id);
  for (const sync::RunRows::CalendarPlan& one : rows.plans) {
    mirror_tombstone(transaction, connection, one.calendar_id, one.plan.tombstones);
    upserts(transaction, claim, one);
  }
  for (const sync::RunRows::CalendarNote& note : rows.notes)
    calendar_note(transaction, connection, note.calendar_id, note.error);
}

}  // namespace calsync::simulation::statements
