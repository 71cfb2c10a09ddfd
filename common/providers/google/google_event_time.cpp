// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_event_time.hpp"

#include <fmt/format.h>

#include "common/calendar/timezone.hpp"
#include "common/calendar/zone_names.hpp"

namespace calsync::google {
namespace {

using calendar::EventTime;

Error bad(std::string_view name, std::string_view why) {
  return fail(Failure::malformed, fmt::format("its {} {}", name, why));
}

/// Years that both RFC 3339 and Postgres can write.
bool in_range(std::chrono::year_month_day date) {
  return date.year() >= std::chrono::year(1) && date.year() <= std::chrono::year(9999);
}

bool in_range(Time instant) {
  return in_range(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(instant)));
}

Result<EventTime> date_only(std::string_view name, const std::string& text) {
  const auto date = parse_date(text);
  if (!date || !in_range(*date)) return bad(name, "is not a date");
  EventTime time;
  time.date = date;
  return time;
}

/// Events that came by invitation may name zones as other vendors do. "" = nobody knows it.
std::string known_zone(std::string_view name) {
  const std::string zone = calendar::resolve_zone_name(name);
  return zone.empty() ? calendar::fixed_offset_zone(name) : zone;
}

/// "2026-03-02T09:00:00" with an optional fraction: RFC 3339 without its offset, read as if it were UTC.
std::optional<Time> parse_wall_time(const std::string& text) { return parse_rfc3339(text + "Z"); }

Result<EventTime> date_time(std::string_view name, const std::string& text, std::string_view own_zone,
                            std::string_view calendar_zone) {
  const std::string_view named = own_zone.empty() ? calendar_zone : own_zone;
  EventTime time;
  time.time_zone = known_zone(named);
  time.instant = parse_rfc3339(text);
  if (!time.instant) {
    const auto wall = parse_wall_time(text);
    if (!wall) return bad(name, "is not a date-time");
    if (named.empty()) return bad(name, "has neither an offset nor a time zone");
    time.instant = calendar::instant_of(*wall, time.time_zone);
    if (!time.instant) return bad(name, "has no offset, and its time zone is not known");
  }
  if (!in_range(*time.instant)) return bad(name, "is out of range");
  // With an offset the instant is sure, and for a series the calendar's zone is a better guess than none.
  if (time.time_zone.empty()) time.time_zone = known_zone(calendar_zone);
  return time;
}

}  // namespace

Result<EventTime> parse_event_time(const json::Value& event, std::string_view name, std::string_view calendar_zone) {
  const json::Value* object = json::object_at(event, name);
  if (!object) return bad(name, "is missing");
  if (const auto date = json::string_at(*object, "date")) return date_only(name, *date);
  const auto text = json::string_at(*object, "dateTime");
  if (!text) return bad(name, "has neither a date nor a date-time");
  return date_time(name, *text, json::text_at(*object, "timeZone"), calendar_zone);
}

}  // namespace calsync::google
