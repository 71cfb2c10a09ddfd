// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/recurrence_rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/calendar/timezone.hpp"
#include "common/providers/microsoft/graph_time.hpp"

namespace calsync::microsoft {
namespace {

using calendar::EventTime;

constexpr std::string_view day_codes[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

std::string_view code_of(std::chrono::weekday day) { return day_codes[day.c_encoding()]; }

std::string days_of(const Recurrence& one) {
  std::string days;
  for (const std::chrono::weekday day : one.days)
    days += std::string(days.empty() ? "" : ",") + std::string(code_of(day));
  return days;
}

/// "BYDAY=2TU", or the second of several days: "BYDAY=TU,TH;BYSETPOS=2".
std::string relative_days(const Recurrence& one) {
  if (one.days.size() == 1) return fmt::format(";BYDAY={}{}", one.index, code_of(one.days[0]));
  return fmt::format(";BYDAY={};BYSETPOS={}", days_of(one), one.index);
}

std::string by_parts(const Recurrence& one) {
  switch (one.type) {
    case PatternType::daily:
      return {};
    case PatternType::weekly:
      return fmt::format(";BYDAY={};WKST={}", days_of(one), code_of(one.first_day));
    case PatternType::absolute_monthly:
      return fmt::format(";BYMONTHDAY={}", one.day_of_month);
    case PatternType::relative_monthly:
      return relative_days(one);
    case PatternType::absolute_yearly:
      return fmt::format(";BYMONTH={};BYMONTHDAY={}", one.month, one.day_of_month);
    case PatternType::relative_yearly:
      return fmt::format(";BYMONTH={}{}", one.month, relative_days(one));
  }
  return {};
}

std::string_view frequency(PatternType type) {
  switch (type) {
    case PatternType::daily:
      return "DAILY";
    case PatternType::weekly:
      return "WEEKLY";
    case PatternType::absolute_monthly:
    case PatternType::relative_monthly:
      return "MONTHLY";
    case PatternType::absolute_yearly:
    case PatternType::relative_yearly:
      return "YEARLY";
  }
  return "DAILY";
}

/// The end date is a day of the range's own zone.
std::string range_zone(const Recurrence& one, const EventTime& start) {
  const std::string own = known_zone(one.time_zone);
  if (!own.empty()) return own;
  return start.time_zone.empty() ? "UTC" : start.time_zone;
}

std::string until(const Recurrence& one, const EventTime& start) {
  const std::optional<Time> last = last_start(one, start);
  return ";UNTIL=" + (last ? ical_utc(*last) : ical_date(one.end));
}

std::string compact(std::string text) {
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

std::string ical_date(std::chrono::year_month_day date) { return compact(format_date(date)); }

std::string ical_utc(Time instant) {
  return compact(format_rfc3339(std::chrono::floor<std::chrono::seconds>(instant)));
}

std::optional<Time> last_start(const Recurrence& one, const EventTime& start) {
  if (one.range != RangeType::end_date || !start.instant) return std::nullopt;
  const std::string zone = range_zone(one, start);
  const Time wall = calendar::wall_time(*start.instant, zone).value_or(*start.instant);
  const Time end = std::chrono::sys_days(one.end) + (wall - std::chrono::floor<std::chrono::days>(wall));
  return calendar::instant_of(end, zone).value_or(end);
}

std::string rrule_line(const Recurrence& one, const EventTime& start) {
  std::string line = fmt::format("RRULE:FREQ={}", frequency(one.type));
  if (one.interval > 1) line += fmt::format(";INTERVAL={}", one.interval);
  line += by_parts(one);
  if (one.range == RangeType::numbered) line += fmt::format(";COUNT={}", one.count);
  if (one.range == RangeType::end_date) line += until(one, start);
  return line;
}

}  // namespace calsync::microsoft
