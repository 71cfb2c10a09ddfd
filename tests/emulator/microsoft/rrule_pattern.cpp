// SPDX-License-Identifier: Apache-2.0
// From RRULE to a pattern of Outlook, where it has one.
#include <algorithm>
#include <array>
#include <map>

#include "graph_recurrence.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/recurrence.hpp"
#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

using Pattern = Recurrence::Pattern;
using Parts = std::map<std::string, std::string>;

constexpr std::array<std::string_view, 7> weekdays{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

std::optional<int> weekday(std::string_view text) {
  const auto found = std::ranges::find(weekdays, text);
  if (found == weekdays.end()) return std::nullopt;
  return static_cast<int>(found - weekdays.begin());
}

// first … fourth and last
std::optional<int> index_of(std::int64_t place) {
  if (place == -1) return 4;
  if (place < 1 || place > 4) return std::nullopt;
  return static_cast<int>(place - 1);
}

// BYDAY, with one place for all of its days at most.
bool read_days(std::string_view text, Recurrence& out, std::optional<std::int64_t>& place) {
  for (const std::string_view part : split(text, ',')) {
    const std::string day = upper(trim(part));
    if (day.size() < 2) return false;
    const auto named = weekday(std::string_view(day).substr(day.size() - 2));
    if (!named) return false;
    out.weekdays |= 1u << *named;
    if (day.size() == 2) continue;
    std::string_view number = std::string_view(day).substr(0, day.size() - 2);
    if (number.starts_with('+')) number.remove_prefix(1);
    const auto found = parse_integer(number);
    if (!found || place || text.find(',') != text.npos) return false;
    place = *found;
  }
  return true;
}

std::string read_end(const Parts& parts, std::int64_t start_day, const UntilContext& context, Recurrence& out) {
  if (const auto count = parts.find("COUNT"); count != parts.end()) {
    out.end = Recurrence::End::count;
    out.count = parse_integer(count->second).value_or(0);
    if (out.count < 1 || out.count > 999) return "Outlook counts from 1 to 999 occurrences";
  }
  const auto until = parts.find("UNTIL");
  if (until == parts.end()) return "";
  std::vector<ListedTime> times;
  if (!read_time_list(until->second, context.zone, times) || times.size() != 1) return "malformed UNTIL";
  std::int64_t local = times[0].seconds;
  if (!times[0].is_date) local += context.zone->offset_at(local);
  out.end = Recurrence::End::date;
  out.end_day = local >= 0 ? local / 86400 : (local - 86399) / 86400;
  // The day itself counts when its occurrence is not after UNTIL.
  if (!times[0].is_date && !context.all_day && local - out.end_day * 86400 < context.seconds_of_day) --out.end_day;
  return out.end_day < start_day ? "the series ends before it begins" : "";
}

std::string no_pattern(std::string_view why) { return "Outlook has no such pattern: " + std::string(why); }

std::string read_frequency(const Parts& parts, std::int64_t start_day, Recurrence& out) {
  const auto text = [&](const char* name) {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string_view() : std::string_view(found->second);
  };
  const std::string frequency = upper(text("FREQ"));
  const CivilTime start = civil_from_seconds(start_day * 86400);
  std::optional<std::int64_t> place;
  if (!text("BYDAY").empty() && !read_days(text("BYDAY"), out, place)) return no_pattern("BYDAY");
  if (!text("BYSETPOS").empty()) {
    if (place || out.weekdays == 0) return no_pattern("BYSETPOS");
    place = parse_integer(text("BYSETPOS"));
    if (!place) return no_pattern("BYSETPOS");
  }
  const std::string_view month_day = text("BYMONTHDAY"), month = text("BYMONTH");
  const auto day_number = month_day.empty() ? std::optional<std::int64_t>(start.day) : parse_integer(month_day);
  if (frequency == "DAILY" || frequency == "WEEKLY") {
    if (!month_day.empty() || !month.empty() || place) return no_pattern("parts of months");
    if (frequency == "DAILY" && out.weekdays != 0) {
      // Every weekday is a weekly pattern.
      if (out.interval != 1) return no_pattern("BYDAY");
      out.pattern = Pattern::weekly;
      return "";
    }
    out.pattern = frequency == "DAILY" ? Pattern::daily : Pattern::weekly;
    if (out.pattern == Pattern::weekly && out.weekdays == 0) out.weekdays = 1u << weekday_of(start_day);
    return "";
  }
  const bool yearly = frequency == "YEARLY";
  if (!yearly && frequency != "MONTHLY") return no_pattern(frequency);
  if (!yearly && !month.empty()) return no_pattern("BYMONTH");
  if (yearly) {
    const auto number = month.empty() ? std::optional<std::int64_t>(start.month) : parse_integer(month);
    if (!number || *number < 1 || *number > 12) return no_pattern("BYMONTH");
    out.month = static_cast<int>(*number);
    if (out.weekdays != 0 && month.empty()) return no_pattern("days of a whole year");
  }
  if (out.weekdays == 0) {
    if (!day_number || *day_number < 1 || *day_number > 31) return no_pattern("BYMONTHDAY");
    // Shorter months have another day in Outlook, and none in a rule.
    constexpr std::array<std::int64_t, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const std::int64_t shortest = yearly ? lengths[static_cast<std::size_t>(out.month - 1)] : 28;
    if (*day_number > shortest) return no_pattern("days that some months lack");
    out.day_of_month = static_cast<int>(*day_number);
    out.pattern = yearly ? Pattern::absolute_yearly : Pattern::absolute_monthly;
    return "";
  }
  const auto index = place ? index_of(*place) : std::nullopt;
  if (!index || !month_day.empty()) return no_pattern("BYDAY");
  out.index = *index;
  out.pattern = yearly ? Pattern::relative_yearly : Pattern::relative_monthly;
  return "";
}

}  // namespace

std::string recurrence_from_rule(std::string_view rule, std::int64_t start_day, const UntilContext& context,
                                 Recurrence& out) {
  out = Recurrence();
  out.start_day = start_day;
  Parts parts;
  for (const std::string_view part : split(rule, ';'))
    if (const std::size_t equals = part.find('='); equals != part.npos)
      parts[upper(trim(part.substr(0, equals)))] = trim(part.substr(equals + 1));
  for (const auto& [name, value] : parts)
    if (name == "BYHOUR" || name == "BYMINUTE" || name == "BYSECOND" || name == "BYYEARDAY" || name == "BYWEEKNO" ||
        name == "RSCALE" || name == "SKIP")
      return no_pattern(name);
  const auto interval = parts.contains("INTERVAL") ? parse_integer(parts["INTERVAL"]) : std::optional<std::int64_t>(1);
  if (!interval || *interval < 1 || *interval > 999) return no_pattern("INTERVAL");
  out.interval = static_cast<int>(*interval);
  if (std::string fault = read_frequency(parts, start_day, out); !fault.empty()) return fault;
  // A rule's week begins on Monday unless it says otherwise.
  if (out.pattern == Pattern::weekly)
    out.first_day = parts.contains("WKST") ? weekday(upper(parts["WKST"])).value_or(1) : 1;
  return read_end(parts, start_day, context, out);
}

}  // namespace calsync::emulator::microsoft
