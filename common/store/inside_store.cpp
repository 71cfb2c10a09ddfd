// SPDX-License-Identifier: Apache-2.0
#include "common/store/inside_store.hpp"

namespace calsync::store {
namespace {

std::string text(const db::Rows& rows, int row, const char* column) { return std::string(rows.text(row, column)); }

}  // namespace

Task<Inside> read_inside(db::Pool& pool, ConnectionId connection) {
  const db::Values values{connection.str()};
  Inside inside;
  const db::Rows calendars = co_await pool.query(sql::inside_calendars, values);
  for (int row = 0; row < calendars.size(); ++row) {
    inside.calendars.push_back({text(calendars, row, "external_calendar_id"), text(calendars, row, "name"),
                                text(calendars, row, "access_role"), text(calendars, row, "last_error"),
                                text(calendars, row, "watch_error"), calendars.flag(row, "selected"),
                                calendars.number(row, "events"), calendars.time(row, "last_synced_at")});
  }
  const db::Rows channels = co_await pool.query(sql::inside_channels, values);
  for (int row = 0; row < channels.size(); ++row) {
    inside.channels.push_back({text(channels, row, "id"), text(channels, row, "external_calendar_id"),
                               text(channels, row, "state"), text(channels, row, "last_error"),
                               channels.time(row, "expires_at"), channels.time(row, "renew_at"),
                               channels.time(row, "missed_at"), channels.time(row, "last_message_at")});
  }
  co_return inside;
}

Task<std::optional<FailedEvent>> find_failed_event(db::Pool& pool, std::string event) {
  const db::Rows rows = co_await pool.query(sql::inside_failed_event, {std::move(event)});
  if (rows.empty()) co_return std::nullopt;
  co_return FailedEvent{text(rows, 0, "id"),
                        ConnectionId::trusted(text(rows, 0, "connection_id")),
                        OwnerId::trusted(text(rows, 0, "provider_id")),
                        text(rows, 0, "provider"),
                        text(rows, 0, "external_calendar_id"),
                        text(rows, 0, "external_event_id"),
                        text(rows, 0, "last_error"),
                        rows.time(0, "updated_at")};
}

}  // namespace calsync::store
