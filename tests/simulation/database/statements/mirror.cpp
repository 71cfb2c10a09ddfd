// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/mirror.hpp"

#include <fmt/format.h>

#include <chrono>
#include <set>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

/// Calls `visit` for the rows of a calendar.
template <class Visit>
void each_row(const Transaction& transaction, const std::string& connection, const std::string& calendar, Visit visit) {
  const auto& rows = transaction.tables.events.rows();
  for (auto at = rows.lower_bound({connection, calendar, ""}); at != rows.end(); ++at) {
    if (at->first.connection_id != connection || at->first.external_calendar_id != calendar) break;
    visit(*at->second);
  }
}

std::pair<std::string, sync::Known> known(const EventRow& row) {
  return {row.key.external_event_id,
          {row.etag.value_or(""),
           sync::parse_sync_status(row.sync_status),
           row.recurring_event_id.value_or(""),
           row.booking_id.has_value(),
           row.deleted_at.has_value(),
           {}}};
}

std::string slots(const EventRow& row) {
  if (!row.recurrence) return {};
  std::vector<std::string> parts{std::to_string(row.sequence)};
  if (row.start_date) {
    parts.push_back(*row.start_date);
  } else if (row.start_time) {
    const Time start = *db::parse_timestamp(*row.start_time);
    parts.push_back(std::to_string(std::chrono::floor<std::chrono::seconds>(start).time_since_epoch().count()));
  }
  if (row.time_zone) parts.push_back(*row.time_zone);
  for (std::string& line : sqlf::elements(*row.recurrence)) parts.push_back(std::move(line));
  return fmt::format("{}", fmt::join(parts, "\n"));
}

template <class Set>
void update_calendar(Transaction& transaction, const std::string& connection, const std::string& calendar, Set set) {
  const OfConnection key{connection, sqlf::parameter(calendar)};
  const CalendarRow* row = transaction.tables.calendars.find(key);
  if (!row) return;
  CalendarRow after = *row;
  if (set(after)) transaction.tables.calendars.put(key, std::move(after));
}

}  // namespace

/// Indexes: the statement's parameters, less one.
void set_columns(EventRow& row, const db::Values& values) {
  row.ical_uid = values[5];
  row.title = values[6];
  row.description = values[7];
  row.location = values[8];
  row.organizer = values[9];
  row.attendees = values[10];
  row.start_time = values[11];
  row.end_time = values[12];
  row.is_all_day = values[13] == "true";
  row.start_date = values[14];
  row.end_date = values[15];
  row.time_zone = values[16];
  row.status = *values[17];
  row.is_busy = values[18] == "true";
  row.visibility = values[19];
  row.recurrence = values[20];
  row.recurring_event_id = values[21];
  row.original_start_time = values[22];
  row.etag = values[23];
  row.sequence = std::stoll(*values[24]);
  row.raw_payload = values[25];
  row.sync_status = *values[26];
  row.last_error = values[27];
}

void bury(Transaction& transaction, const std::vector<EventKey>& keys) {
  for (const EventKey& key : keys) {
    transaction.update_event(key, true, [&](EventRow& set) {
      set.deleted_at = transaction.now;
      set.status = "cancelled";
      if (transaction.plant != Plant::tombstone_stays_busy) set.is_busy = false;
      set.sync_status = "SYNCED";
      set.last_error.reset();
    });
  }
}

sync::Mirror mirror_known(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  sync::Mirror mirror;
  each_row(transaction, connection, sqlf::parameter(calendar), [&mirror](const EventRow& row) {
    if (!row.deleted_at) mirror.insert(known(row));
  });
  return mirror;
}

sync::Mirror mirror_known_of(Transaction& transaction, const std::string& connection, const std::string& calendar,
                             const std::vector<std::string>& events) {
  sync::Mirror mirror;
  std::set<std::string> named;
  for (const std::string& id : events) named.insert(db::without_nul(id));
  each_row(transaction, connection, sqlf::parameter(calendar), [&](const EventRow& row) {
    if (named.contains(row.key.external_event_id) ||
        (row.recurring_event_id && named.contains(*row.recurring_event_id)))
      mirror.insert(known(row)).first->second.slots = slots(row);
  });
  return mirror;
}

void mirror_upsert(Transaction& transaction, const std::vector<db::Values>& rows) {
  std::set<EventKey> seen;
  for (const db::Values& values : rows) {
    EventKey key{*values[0], sqlf::parameter(*values[3]), *values[4]};
    if (rows.size() > 1 && !seen.insert(key).second)
      sqlf::refuse("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");
    if (transaction.tables.events.find(key)) {
      transaction.update_event(key, true, [&values](EventRow& set) {
        set_columns(set, values);
        set.deleted_at.reset();
      });
    } else {
      EventRow row;
      row.key = std::move(key);
      row.provider_id = *values[1];
      row.provider = *values[2];
      set_columns(row, values);
      transaction.insert_event(std::move(row));
    }
  }
}

void mirror_tombstone(Transaction& transaction, const std::string& connection, const std::string& calendar,
                      const std::vector<std::string>& events) {
  std::vector<EventKey> keys;
  std::set<std::string> named;
  for (const std::string& id : events) named.insert(db::without_nul(id));
  for (const std::string& id : named) {
    EventKey key{connection, sqlf::parameter(calendar), id};
    const EventRow* row = transaction.tables.events.find(key);
    if (row && !row->deleted_at) keys.push_back(std::move(key));
  }
  bury(transaction, keys);
}

void mirror_tombstone_calendar(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  std::vector<EventKey> keys;
  each_row(transaction, connection, sqlf::parameter(calendar), [&keys](const EventRow& row) {
    if (!row.deleted_at) keys.push_back(row.key);
  });
  bury(transaction, keys);
}

void calendar_unread(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  const OfConnection key{connection, sqlf::parameter(calendar)};
  const CalendarRow* known = transaction.tables.calendars.find(key);
  if (!known || !known->last_synced_at) return;
  CalendarRow row = *known;
  row.last_synced_at.reset();
  transaction.tables.calendars.put(key, std::move(row));
}

void calendar_upsert(Transaction& transaction, const std::string& connection, const sync::CalendarRow& calendar) {
  const std::string id = db::without_nul(calendar.external_calendar_id);
  const std::string name = db::without_nul(calendar.name);
  const std::string time_zone = sqlf::parameter(calendar.time_zone);
  const CalendarRow* before = transaction.tables.calendars.find({connection, id});
  CalendarRow row;
  if (before) {
    row = *before;
  } else {
    row.connection_id = connection;
    row.external_calendar_id = id;
    row.created_at = transaction.now;
  }
  if (!name.empty()) row.name = name;
  if (!time_zone.empty()) row.time_zone = time_zone;
  row.access_role = sqlf::parameter(calendar.access_role);
  row.is_primary = calendar.is_primary;
  row.deleted_at.reset();
  row.updated_at = transaction.now;
  transaction.tables.calendars.put({connection, id}, std::move(row));
}

void calendar_remove(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  update_calendar(transaction, connection, calendar, [&](CalendarRow& set) {
    if (set.deleted_at) return false;
    set.deleted_at = transaction.now;
    set.last_error.reset();
    set.updated_at = transaction.now;
    return true;
  });
}

void calendar_note(Transaction& transaction, const std::string& connection, const std::string& calendar,
                   const std::string& error) {
  update_calendar(transaction, connection, calendar, [&](CalendarRow& set) {
    set.last_error = error.empty() ? Text() : Text(sqlf::parameter(error));
    if (error.empty()) set.last_synced_at = transaction.now;
    return true;
  });
}

}  // namespace calsync::simulation::statements
