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

/// All that a run writes besides its verdict.
void mirror_rows(Transaction& transaction, const sync::Claim& claim, const sync::RunRows& rows);

}  // namespace calsync::simulation::statements
