// SPDX-License-Identifier: Apache-2.0
#include "common/sync/cursor.hpp"

#include "common/base/json.hpp"

namespace calsync::sync {

Cursor parse_cursor(std::string_view text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  const auto parsed = json::parse(text);
  if (!parsed) return cursor;
  cursor.calendar_list = json::text_at(*parsed, "list");
  cursor.listed_at = json::int_at(*parsed, "listed").value_or(0);
  if (const json::Value* calendars = json::object_at(*parsed, "calendars")) {
    for (const auto& [id, position] : calendars->GetObject()) {
      cursor.calendars[id.GetString()] = {json::text_at(position, "token"), json::int_at(position, "full").value_or(0),
                                          static_cast<int>(json::int_at(position, "expired").value_or(0))};
    }
  }
  return cursor;
}

std::string dump_cursor(const Cursor& cursor) {
  json::Writer writer;
  writer.begin_object()
      .put("v", 1)
      .put("list", cursor.calendar_list)
      .put("listed", cursor.listed_at)
      .key("calendars")
      .begin_object();
  for (const auto& [id, position] : cursor.calendars) {
    writer.key(id).begin_object().put("token", position.token).put("full", position.full_read_at);
    if (position.expirations > 0) writer.put("expired", position.expirations);
    writer.end_object();
  }
  writer.end_object().end_object();
  return writer.text();
}

bool resting(const CalendarPosition& position, std::int64_t now_seconds) {
  constexpr int storms = 3;
  constexpr std::int64_t pause_seconds = 6 * 3600;
  return position.token.empty() && position.expirations >= storms &&
         now_seconds - position.full_read_at < pause_seconds;
}

}  // namespace calsync::sync
