// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_time.hpp"

#include <fmt/format.h>

#include "common/calendar/timezone.hpp"
#include "common/calendar/zone_names.hpp"

namespace calsync::microsoft {
namespace {

using calendar::EventTime;

Error bad(std::string_view name, std::string_view why) {
  return fail(Failure::malformed, fmt::format("its {} {}", name, why));
}

/// Years that both RFC 3339 and Postgres can write.
bool in_range(std::chrono::year_month_day date) {
  return date.year() >= std::chrono::year(1) && date.year() <= std::chrono::year(9999);
}

bool is_utc(std::string_view zone) {
  return zone.empty() || zone == "UTC" || zone == "Etc/UTC" || zone == "Etc/GMT" || zone == "GMT";
}

/// An offset is not documented there, but who writes one means it.
Result<Time> parse_instant(const json::Value& event, std::string_view name) {
  const json::Value* object = json::object_at(event, name);
  if (!object) return bad(name, "is missing");
  const auto text = json::string_at(*object, "dateTime");
  if (!text) return bad(name, "has no dateTime");
  if (const auto absolute = parse_rfc3339(*text)) return *absolute;
  const auto wall = parse_rfc3339(*text + "Z");
  if (!wall) return bad(name, "is not a date-time");
  const std::string named = json::text_at(*object, "timeZone");
  if (is_utc(named)) return *wall;
  const std::string zone = known_zone(named);
  const auto instant = calendar::instant_of(*wall, zone);
  if (!instant) return bad(name, "is in a time zone that is not known");
  return *instant;
}

}  // namespace

std::string known_zone(std::string_view name) {
  const std::string zone = calendar::resolve_zone_name(name);
  return zone.empty() ? calendar::fixed_offset_zone(name) : zone;
}

std::chrono::year_month_day nearest_date(Time instant) {
  return std::chrono::floor<std::chrono::days>(instant + std::chrono::hours(12));
}

Result<EventTime> parse_timed(const json::Value& event, std::string_view name, std::string_view zone) {
  const auto instant = parse_instant(event, name);
  if (!instant) return instant.error();
  if (!in_range(std::chrono::floor<std::chrono::days>(*instant))) return bad(name, "is out of range");
  EventTime time;
  time.instant = *instant;
  time.time_zone = zone;
  return time;
}

Result<EventTime> parse_all_day(const json::Value& event, std::string_view name) {
  const json::Value* object = json::object_at(event, name);
  if (!object) return bad(name, "is missing");
  const auto wall = parse_rfc3339(json::text_at(*object, "dateTime") + "Z");
  if (!wall) return bad(name, "is not a date-time");
  EventTime time;
  time.date = nearest_date(*wall);
  if (!in_range(*time.date)) return bad(name, "is out of range");
  return time;
}

}  // namespace calsync::microsoft
