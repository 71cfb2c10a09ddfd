// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_values.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "common/calendar/ical_text.hpp"

namespace calsync::calendar {
namespace {

using std::chrono::days;
using std::chrono::seconds;

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

int number(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

/// "2026-03-02T09:00:00" as "20260302T090000".
std::string without_punctuation(std::string_view value) {
  std::string text = upper_case(value);
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return text;
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  const auto fraction = text.find('.');
  if (fraction == std::string::npos) return text;
  const bool utc = text.ends_with('Z');
  text.resize(fraction);
  if (utc) text += 'Z';
  return text;
}

std::optional<seconds> clock_time(std::string_view digits) {
  if ((digits.size() != 6 && digits.size() != 4) || !all_digits(digits)) return std::nullopt;
  const int hour = number(digits.substr(0, 2));
  const int minute = number(digits.substr(2, 2));
  const int second = digits.size() == 6 ? number(digits.substr(4, 2)) : 0;
  const bool end_of_day = hour == 24 && minute == 0 && second == 0;
  if ((hour > 23 && !end_of_day) || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(std::min(second, 59));
}

/// libical complains on its own terms; it may never abort.
void calm_libical() {
  static const bool once = [] {
    icalerror_set_errors_are_fatal(false);
    return true;
  }();
  static_cast<void>(once);
}

/// The rule without what libical is stricter about than everybody else.
std::string forgiving_rule(std::string_view value) {
  std::string rule;
  const std::string upper = upper_case(value);
  const bool has_until = upper.find("UNTIL=") != std::string::npos;
  for (std::size_t at = 0; at < upper.size();) {
    const std::size_t end = std::min(upper.find(';', at), upper.size());
    const std::string_view part = trim_blanks(std::string_view(upper).substr(at, end - at));
    at = end + 1;
    if (part.empty() || part.starts_with("X-") || (has_until && part.starts_with("COUNT="))) continue;
    if (!rule.empty()) rule += ';';
    rule += part;
  }
  return rule;
}

}  // namespace

std::optional<IcalMoment> parse_moment(std::string_view value) {
  std::string text = without_punctuation(trim_blanks(value));
  IcalMoment moment;
  moment.utc = text.ends_with('Z');
  if (moment.utc) text.pop_back();
  if (text.size() < 8 || !all_digits(std::string_view(text).substr(0, 8))) return std::nullopt;
  const int year = number(std::string_view(text).substr(0, 4));
  const std::chrono::year_month_day date{
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(number(std::string_view(text).substr(4, 2)))),
      std::chrono::day(static_cast<unsigned>(number(std::string_view(text).substr(6, 2))))};
  if (year == 0 || !date.ok()) return std::nullopt;
  moment.wall = std::chrono::sys_days(date);
  moment.is_date = text.size() == 8;
  if (moment.is_date) return moment.utc ? std::nullopt : std::optional(moment);
  const auto clock = text[8] == 'T' ? clock_time(std::string_view(text).substr(9)) : std::nullopt;
  if (!clock) return std::nullopt;
  moment.wall += *clock;
  // 24:00 on the last day of the year 9999 is a year too late.
  if (moment.date().year() > std::chrono::year(9999)) return std::nullopt;
  return moment;
}

std::optional<IcalDuration> parse_duration(std::string_view value) {
  std::string text = upper_case(trim_blanks(value));
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  if (!text.starts_with('P')) return std::nullopt;
  constexpr std::int64_t most = 366'000LL * 86'400;
  std::int64_t whole_days = 0;
  std::int64_t exact = 0;
  bool timed = false;
  bool any = false;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == 'T' && !timed) {
      timed = true;
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end == at || end == text.size() || end - at > 9) return std::nullopt;
    const std::int64_t count = number(std::string_view(text).substr(at, end - at));
    const std::string_view units = timed ? "HMS" : "WD";
    const auto unit = units.find(text[end]);
    if (unit == std::string_view::npos) return std::nullopt;
    if (timed) {
      exact += count * (unit == 0 ? 3600 : unit == 1 ? 60 : 1);
    } else {
      whole_days += count * (unit == 0 ? 7 : 1);
    }
    any = true;
    at = end;
    if (exact > most || whole_days > most / 86'400) return std::nullopt;
  }
  if (!any) return std::nullopt;
  return IcalDuration{days(negative ? -whole_days : whole_days), seconds(negative ? -exact : exact)};
}

std::optional<seconds> parse_utc_offset(std::string_view value) {
  std::string text(trim_blanks(value));
  std::erase(text, ':');
  const bool west = text.starts_with('-');
  if (west || text.starts_with('+')) text.erase(0, 1);
  if ((text.size() != 4 && text.size() != 6) || !all_digits(text)) return std::nullopt;
  const std::string_view digits = text;
  const auto offset = std::chrono::hours(number(digits.substr(0, 2))) +
                      std::chrono::minutes(number(digits.substr(2, 2))) +
                      seconds(digits.size() == 6 ? number(digits.substr(4)) : 0);
  if (offset >= days(1)) return std::nullopt;
  return west ? -offset : offset;
}

bool is_usable_rule(std::string_view value) {
  calm_libical();
  const icalrecurrencetype rule = icalrecurrencetype_from_string(forgiving_rule(value).c_str());
  return rule.freq != ICAL_NO_RECURRENCE;
}

}  // namespace calsync::calendar
