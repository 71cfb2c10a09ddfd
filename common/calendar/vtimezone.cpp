// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/vtimezone.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/calendar/ical_text.hpp"
#include "common/calendar/ical_values.hpp"
#include "common/calendar/timezone.hpp"

namespace calsync::calendar {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

/// More than real zones have: London has changed its clocks some 250 times, and two rules are in force at a time.
constexpr std::size_t max_observances = 500;
constexpr std::size_t max_yearly = 32;

std::optional<std::chrono::weekday> parse_weekday(std::string_view text) {
  constexpr std::array<std::string_view, 7> names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return std::chrono::weekday(static_cast<unsigned>(found - names.begin()));
}

bool parse_int(std::string_view text, int& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Calls `take` with each part of a list; false as soon as it says so.
template <class Take>
bool each_part(std::string_view list, char separator, Take take) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    if (!take(trim_blanks(list.substr(0, end)))) return false;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

}  // namespace

/// False for a rule that is not yearly: such an observance has the onsets that are written out and no others.
bool VtimezoneRules::Observance::read_rule(std::string_view value) {
  bool is_yearly = false;
  const std::string upper = upper_case(value);
  const bool understood = each_part(upper, ';', [&](std::string_view part) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return part.empty();
    const std::string_view key = part.substr(0, equals);
    const std::string_view text = part.substr(equals + 1);
    int number = 0;
    if (key == "FREQ") return is_yearly = text == "YEARLY";
    if (key == "INTERVAL") return parse_int(text, number) && number == 1;
    if (key == "BYMONTH") {
      if (!parse_int(text, number) || number < 1 || number > 12) return false;
      month = static_cast<unsigned>(number);
      return true;
    }
    if (key == "BYMONTHDAY") {
      return each_part(text, ',', [&](std::string_view day) {
        if (!parse_int(day, number) || number < 1 || number > 31) return false;
        month_days.push_back(static_cast<unsigned>(number));
        return true;
      });
    }
    if (key == "BYDAY" && text.size() >= 2) {
      weekday = parse_weekday(text.substr(text.size() - 2));
      const std::string_view ordinal = text.substr(0, text.size() - 2);
      return weekday && (ordinal.empty() || (parse_int(ordinal, nth) && nth >= -5 && nth <= 5));
    }
    if (key == "UNTIL") {
      const auto moment = parse_moment(text);
      if (moment) until = std::chrono::floor<seconds>(moment->wall) - (moment->utc ? seconds(0) : from);
      return moment.has_value();
    }
    return key == "WKST";
  });
  return understood && is_yearly;
}

std::optional<sys_seconds> VtimezoneRules::Observance::onset_in(std::chrono::year year) const {
  const std::chrono::year_month in = year / std::chrono::month(month);
  const auto last_day = static_cast<unsigned>((in / std::chrono::last).day());
  std::array<unsigned, 31> matching{};
  std::size_t count = 0;
  for (unsigned day = 1; day <= last_day; ++day) {
    if (!month_days.empty() && std::find(month_days.begin(), month_days.end(), day) == month_days.end()) continue;
    if (weekday && std::chrono::weekday(sys_days(in / std::chrono::day(day))) != *weekday) continue;
    matching[count++] = day;
  }
  const auto position = static_cast<std::size_t>(nth > 0 ? nth - 1 : nth < 0 ? static_cast<int>(count) + nth : 0);
  if (position >= count) return std::nullopt;
  return sys_days(in / std::chrono::day(matching[position])) + time_of_day - from;
}

std::optional<sys_seconds> VtimezoneRules::Observance::last_onset(sys_seconds instant) const {
  std::optional<sys_seconds> latest;
  const auto written = std::upper_bound(onsets.begin(), onsets.end(), instant);
  if (written != onsets.begin()) latest = *std::prev(written);
  if (!yearly) return latest;
  const sys_seconds asked = std::min(instant, until);
  const auto year = std::chrono::year_month_day(std::chrono::floor<days>(asked)).year();
  for (const auto candidate : {year + std::chrono::years(1), year, year - std::chrono::years(1)}) {
    const auto onset = onset_in(candidate);
    if (!onset || *onset > asked || *onset < onsets.front()) continue;
    if (!latest || *onset > *latest) latest = onset;
    break;
  }
  return latest;
}

std::optional<VtimezoneRules::Observance> VtimezoneRules::parse_observance(const IcalComponent& component) {
  const auto from = parse_utc_offset(component.value_of("TZOFFSETFROM"));
  const auto to = parse_utc_offset(component.value_of("TZOFFSETTO"));
  const auto start = parse_moment(component.value_of("DTSTART"));
  if (!to || !start) return std::nullopt;
  Observance observance;
  observance.from = from.value_or(*to);
  observance.to = *to;
  const auto day = std::chrono::floor<days>(start->wall);
  observance.time_of_day = std::chrono::floor<seconds>(start->wall - day);
  observance.month = static_cast<unsigned>(std::chrono::year_month_day(day).month());
  const auto add = [&](const IcalMoment& moment) {
    observance.onsets.push_back(std::chrono::floor<seconds>(moment.wall) - (moment.utc ? seconds(0) : observance.from));
  };
  add(*start);
  for (const ContentLine& line : component.properties) {
    if (line.name == "RDATE") {
      each_part(line.value(), ',', [&](std::string_view value) {
        if (const auto moment = parse_moment(value)) add(*moment);
        return true;
      });
    } else if (line.name == "RRULE") {
      observance.yearly = observance.read_rule(line.value());
    }
  }
  std::sort(observance.onsets.begin(), observance.onsets.end());
  if (observance.yearly && !observance.weekday && observance.month_days.empty()) {
    observance.month_days.push_back(static_cast<unsigned>(std::chrono::year_month_day(day).day()));
  }
  return observance;
}

std::optional<VtimezoneRules> VtimezoneRules::parse(const IcalComponent& component) {
  VtimezoneRules rules;
  std::size_t yearly = 0;
  for (const IcalComponent& child : component.children) {
    if (child.name != "STANDARD" && child.name != "DAYLIGHT") continue;
    auto observance = parse_observance(child);
    if (!observance) continue;
    yearly += observance->yearly ? 1 : 0;
    if (rules.observances_.size() == max_observances || yearly > max_yearly) break;
    rules.observances_.push_back(*std::move(observance));
  }
  if (rules.observances_.empty()) return std::nullopt;
  return rules;
}

seconds VtimezoneRules::offset_at(sys_seconds instant) const {
  const Observance* current = nullptr;
  sys_seconds since{};
  for (const Observance& observance : observances_) {
    const auto onset = observance.last_onset(instant);
    if (!onset || (current && *onset < since)) continue;
    current = &observance;
    since = *onset;
  }
  if (current) return current->to;
  const auto first =
      std::min_element(observances_.begin(), observances_.end(),
                       [](const Observance& a, const Observance& b) { return a.onsets.front() < b.onsets.front(); });
  return first->from;
}

std::string equivalent_zone(const VtimezoneRules& rules, sys_seconds from) {
  // One zone for each set of rules in force today, the best known of those that share it.
  constexpr std::array<const char*, 58> candidates{
      "America/New_York",    "America/Chicago",     "America/Denver",     "America/Los_Angeles", "America/Phoenix",
      "America/Anchorage",   "Pacific/Honolulu",    "America/Halifax",    "America/St_Johns",    "America/Sao_Paulo",
      "America/Mexico_City", "America/Bogota",      "America/Caracas",    "America/Santiago",    "America/Asuncion",
      "America/Havana",      "America/Nuuk",        "Europe/London",      "Europe/Berlin",       "Europe/Helsinki",
      "Europe/Istanbul",     "Europe/Moscow",       "Europe/Chisinau",    "Atlantic/Azores",     "Atlantic/Cape_Verde",
      "Africa/Lagos",        "Africa/Johannesburg", "Africa/Nairobi",     "Africa/Cairo",        "Africa/Casablanca",
      "Africa/Abidjan",      "Asia/Jerusalem",      "Asia/Beirut",        "Asia/Tehran",         "Asia/Dubai",
      "Asia/Kabul",          "Asia/Karachi",        "Asia/Kolkata",       "Asia/Kathmandu",      "Asia/Dhaka",
      "Asia/Yangon",         "Asia/Bangkok",        "Asia/Shanghai",      "Asia/Tokyo",          "Australia/Perth",
      "Australia/Eucla",     "Australia/Darwin",    "Australia/Adelaide", "Australia/Brisbane",  "Australia/Sydney",
      "Australia/Lord_Howe", "Pacific/Guadalcanal", "Pacific/Auckland",   "Pacific/Chatham",     "Pacific/Tongatapu",
      "Pacific/Kiritimati",  "Pacific/Pago_Pago",   "Pacific/Marquesas"};
  constexpr days step(5);
  constexpr int samples = 146;
  const auto agrees = [&](const char* zone) {
    for (int i = 0; i < samples; ++i) {
      const sys_seconds at = from + step * i;
      if (offset_at(Time(at), zone) != rules.offset_at(at)) return false;
    }
    return true;
  };
  const auto found = std::find_if(candidates.begin(), candidates.end(), agrees);
  return found == candidates.end() ? std::string() : iana_zone(*found);
}

}  // namespace calsync::calendar
