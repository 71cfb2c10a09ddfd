// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sync/run_rows.hpp"
#include "tests/simulation/database/transaction.hpp"

/// sql/queries/mirror.sql: calendars and events.
namespace calsync::simulation::statements {

sync::Mirror mirror_known(Transaction& transaction, const std::string& connection, const std::string& calendar);
sync::Mirror mirror_known_of(Transaction& transaction, const std::string& connection, const std::string& calendar,
                             const std::vector<std::string>& events);
/// Rows of one statement; the wide form has many.
void mirror_upsert(Transaction& transaction, const std::vector<db::Values>& rows);
void mirror_tombstone(Transaction& transaction, const std::string& connection, const std::string& calendar,
                      const std::vector<std::string>& events);
void mirror_tombstone_calendar(Transaction& transaction, const std::string& connection, const std::string& calendar);
void calendar_unread(Transaction& transaction, const std::string& connection, const std::string& calendar);
void calendar_upsert(Transaction& transaction, const std::string& connection, const sync::CalendarRow& calendar);
void calendar_remove(Transaction& transaction, const std::string& connection, const std::string& calendar);
void calendar_note(Transaction& transaction, const std::string& connection, const std::string& calendar,
                   const std::string& error);

void staged_check(Transaction& transaction, const sync::Claim& claim, const sync::StagedRead& read);
void staged_discard(Transaction& transaction, const std::string& connection, const std::string& calendar);
void staged_begin(Transaction& transaction, const std::string& connection, const std::string& calendar,
                  std::int64_t lease_token);
void staged_next(Transaction& transaction, const std::string& connection, const std::string& calendar);
void staged_remove(Transaction& transaction, const std::string& connection, const std::string& calendar,
                   const std::vector<std::string>& events);
void staged_insert(Transaction& transaction, const db::Values& values);
sync::Counts mirror_flip(Transaction& transaction, const std::string& connection, const std::string& calendar,
                         bool rezoned);
/// The statements of one batch.
void staged_batch(Transaction& transaction, const sync::Claim& claim, const sync::StagedRead& read,
                  const sync::StagedBatch& batch);

/// The columns that mirror_upsert and staged_insert write.
void set_columns(EventRow& row, const db::Values& values);
/// What both say of a row that goes.
void bury(Transaction& transaction, const std::vector<EventKey>& keys);

/// All that a run writes besides its verdict.
void mirror_rows(Transaction& transaction, const sync::Claim& claim, const sync::RunRows& rows);

}  // namespace calsync::simulation::statements
