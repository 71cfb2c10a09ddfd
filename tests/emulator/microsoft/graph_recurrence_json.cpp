// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "graph_recurrence.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

using Pattern = Recurrence::Pattern;
using End = Recurrence::End;

constexpr std::array<std::string_view, 6> patterns{"daily",           "weekly",         "absoluteMonthly",
                                                   "relativeMonthly", "absoluteYearly", "relativeYearly"};
constexpr std::array<std::string_view, 3> ends{"noEnd", "endDate", "numbered"};
constexpr std::array<std::string_view, 5> indexes{"first", "second", "third", "fourth", "last"};
constexpr std::array<std::string_view, 7> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};

// Names of enumerations are taken in any case; older samples write them with a capital.
template <std::size_t n>
std::optional<int> place(const std::array<std::string_view, n>& names, std::string_view name) {
  for (std::size_t i = 0; i < n; ++i)
    if (equal_ignoring_case(names[i], name)) return static_cast<int>(i);
  return std::nullopt;
}

std::string date_text(std::int64_t day) {
  std::string text;
  append_date(text, day * 86400);
  return text;
}

std::string read_pattern(const JsonValue& value, Recurrence& out) {
  const auto type = place(patterns, string_member(value, "type"));
  if (!type) return "The recurrence pattern type is not valid.";
  out.pattern = static_cast<Pattern>(*type);
  out.interval = static_cast<int>(std::clamp<std::int64_t>(int_member(value, "interval").value_or(0), 0, 999));
  if (out.interval < 1) return "The recurrence interval must be 1 or more.";
  if (const JsonValue* days = member(value, "daysOfWeek"); days && days->IsArray())
    for (const JsonValue& day : days->GetArray()) {
      const auto weekday = day.IsString() ? weekday_from_name(day.GetString()) : std::nullopt;
      if (!weekday) return "A day of the week is not valid.";
      out.weekdays |= 1u << *weekday;
    }
  if (const std::string_view name = string_member(value, "firstDayOfWeek"); !name.empty()) {
    const auto weekday = weekday_from_name(name);
    if (!weekday) return "The first day of the week is not valid.";
    out.first_day = *weekday;
  }
  if (const std::string_view name = string_member(value, "index"); !name.empty()) {
    const auto index = place(indexes, name);
    if (!index) return "The week index is not valid.";
    out.index = *index;
  }
  out.day_of_month = static_cast<int>(std::clamp<std::int64_t>(int_member(value, "dayOfMonth").value_or(0), 0, 99));
  out.month = static_cast<int>(std::clamp<std::int64_t>(int_member(value, "month").value_or(0), 0, 99));
  const bool absolute = out.pattern == Pattern::absolute_monthly || out.pattern == Pattern::absolute_yearly;
  const bool yearly = out.pattern == Pattern::absolute_yearly || out.pattern == Pattern::relative_yearly;
  if (absolute && (out.day_of_month < 1 || out.day_of_month > 31)) return "The day of the month is not valid.";
  if (yearly && (out.month < 1 || out.month > 12)) return "The month is not valid.";
  if (!absolute && out.pattern != Pattern::daily && out.weekdays == 0) return "The days of the week are missing.";
  return "";
}

// What a type does not use says nothing.
void forget_unused(Recurrence& rule) {
  const bool absolute = rule.pattern == Pattern::absolute_monthly || rule.pattern == Pattern::absolute_yearly;
  const bool relative = rule.pattern == Pattern::relative_monthly || rule.pattern == Pattern::relative_yearly;
  const bool yearly = rule.pattern == Pattern::absolute_yearly || rule.pattern == Pattern::relative_yearly;
  if (!absolute) rule.day_of_month = 0;
  if (!yearly) rule.month = 0;
  if (!relative) rule.index = 0;
  if (absolute || rule.pattern == Pattern::daily) rule.weekdays = 0;
  if (rule.pattern != Pattern::weekly) rule.first_day = 0;
}

std::string read_range(const JsonValue& value, Recurrence& out) {
  const auto type = place(ends, string_member(value, "type"));
  if (!type) return "The recurrence range type is not valid.";
  out.end = static_cast<End>(*type);
  const auto start = parse_date(string_member(value, "startDate"));
  if (!start) return "The recurrence range needs a startDate.";
  out.start_day = *start / 86400;
  if (out.end == End::date) {
    const auto end = parse_date(string_member(value, "endDate"));
    if (!end) return "The recurrence range needs an endDate.";
    out.end_day = *end / 86400;
    if (out.end_day < out.start_day) return "The recurrence range ends before it starts.";
  }
  if (out.end == End::count) {
    out.count = int_member(value, "numberOfOccurrences").value_or(0);
    if (out.count < 1 || out.count > 999) return "The number of occurrences must be from 1 to 999.";
  }
  out.zone_name = string_member(value, "recurrenceTimeZone");
  return "";
}

}  // namespace

std::optional<int> weekday_from_name(std::string_view name) { return place(weekdays, name); }

std::string read_recurrence(const JsonValue& value, Recurrence& out) {
  out = Recurrence();
  const JsonValue* pattern = member(value, "pattern");
  const JsonValue* range = member(value, "range");
  if (!pattern || !pattern->IsObject() || !range || !range->IsObject())
    return "A recurrence needs a pattern and a range.";
  if (std::string fault = read_pattern(*pattern, out); !fault.empty()) return fault;
  if (std::string fault = read_range(*range, out); !fault.empty()) return fault;
  forget_unused(out);
  return "";
}

std::string recurrence_json(const Recurrence& rule) {
  std::string out;
  {
    ObjectWriter object(out);
    {
      ObjectWriter pattern(object.key("pattern"));
      pattern.text("type", patterns[static_cast<std::size_t>(rule.pattern)]);
      pattern.number("interval", rule.interval);
      pattern.number("month", rule.month);
      pattern.number("dayOfMonth", rule.day_of_month);
      std::string days = "[";
      for (std::size_t i = 0; i < weekdays.size(); ++i) {
        if ((rule.weekdays >> i & 1) == 0) continue;
        if (days.size() > 1) days += ',';
        append_quoted(days, weekdays[i]);
      }
      if (rule.weekdays != 0) pattern.raw("daysOfWeek", days + "]");
      pattern.text("firstDayOfWeek", weekdays[static_cast<std::size_t>(rule.first_day)]);
      pattern.text("index", indexes[static_cast<std::size_t>(rule.index)]);
    }
    ObjectWriter range(object.key("range"));
    range.text("type", ends[static_cast<std::size_t>(rule.end)]);
    range.text("startDate", date_text(rule.start_day));
    range.text("endDate", rule.end == End::date ? date_text(rule.end_day) : "0001-01-01");
    range.text("recurrenceTimeZone", rule.zone_name);
    range.number("numberOfOccurrences", rule.count);
  }
  return out;
}

}  // namespace calsync::emulator::microsoft
