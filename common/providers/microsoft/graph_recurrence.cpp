// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_recurrence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "common/base/time.hpp"

namespace calsync::microsoft {
namespace {

constexpr std::array<std::string_view, 6> type_names{"daily",           "weekly",         "absoluteMonthly",
                                                     "relativeMonthly", "absoluteYearly", "relativeYearly"};
constexpr std::array<std::string_view, 7> day_names{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 5> index_names{"first", "second", "third", "fourth", "last"};
constexpr std::array<std::string_view, 3> range_names{"noEnd", "numbered", "endDate"};
/// Nobody repeats more rarely, and sums of it stay dates.
constexpr std::int64_t longest_interval = 10000;
constexpr std::int64_t most_occurrences = 1'000'000;

Error bad(std::string_view what) { return fail(Failure::malformed, fmt::format("the {}", what)); }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

template <std::size_t N>
std::optional<std::size_t> place_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](std::string_view one) { return same_name(one, name); });
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

bool is_relative(PatternType type) {
  return type == PatternType::relative_monthly || type == PatternType::relative_yearly;
}
bool is_absolute(PatternType type) {
  return type == PatternType::absolute_monthly || type == PatternType::absolute_yearly;
}
bool is_yearly(PatternType type) {
  return type == PatternType::absolute_yearly || type == PatternType::relative_yearly;
}
bool has_days(PatternType type) { return type == PatternType::weekly || is_relative(type); }

Result<void> read_days(const json::Value& pattern, Recurrence& out) {
  const json::Value* list = json::array_at(pattern, "daysOfWeek");
  if (!list || list->Empty()) return bad("pattern names no day of the week");
  std::array<bool, 7> named{};
  for (const json::Value& one : list->GetArray()) {
    const auto place = one.IsString() ? place_of(day_names, one.GetString()) : std::nullopt;
    if (!place) return bad("pattern names a day of the week that there is not");
    named[*place] = true;
  }
  for (unsigned day = 0; day < named.size(); ++day) {
    if (named[day]) out.days.emplace_back(day);
  }
  return {};
}

Result<void> read_pattern(const json::Value& pattern, Recurrence& out) {
  const auto type = place_of(type_names, json::text_at(pattern, "type"));
  if (!type) return bad("pattern is of a type that is not known");
  out.type = static_cast<PatternType>(*type);
  const std::int64_t interval = json::int_at(pattern, "interval").value_or(1);
  if (interval < 1 || interval > longest_interval) return bad("interval of its pattern is out of range");
  out.interval = static_cast<int>(interval);
  if (has_days(out.type)) {
    if (auto read = read_days(pattern, out); !read) return read;
  }
  if (out.type == PatternType::weekly) {
    out.first_day = std::chrono::weekday(
        static_cast<unsigned>(place_of(day_names, json::text_at(pattern, "firstDayOfWeek")).value_or(0)));
  }
  if (is_relative(out.type)) {
    const std::string index = json::text_at(pattern, "index");
    const auto place = index.empty() ? std::optional<std::size_t>(0) : place_of(index_names, index);
    if (!place) return bad("pattern has an index that is not known");
    out.index = *place == 4 ? -1 : static_cast<int>(*place) + 1;
  }
  if (is_absolute(out.type)) {
    const std::int64_t day = json::int_at(pattern, "dayOfMonth").value_or(0);
    if (day < 1 || day > 31) return bad("dayOfMonth of its pattern is out of range");
    out.day_of_month = static_cast<unsigned>(day);
  }
  if (is_yearly(out.type)) {
    const std::int64_t month = json::int_at(pattern, "month").value_or(0);
    if (month < 1 || month > 12) return bad("month of its pattern is out of range");
    out.month = static_cast<unsigned>(month);
  }
  return {};
}

Result<void> read_range(const json::Value& range, Recurrence& out) {
  const auto type = place_of(range_names, json::text_at(range, "type"));
  if (!type) return bad("range is of a type that is not known");
  out.range = static_cast<RangeType>(*type);
  out.time_zone = json::text_at(range, "recurrenceTimeZone");
  const auto start = parse_date(json::text_at(range, "startDate"));
  if (!start) return bad("range has no startDate");
  out.start = *start;
  if (out.range == RangeType::end_date) {
    const auto end = parse_date(json::text_at(range, "endDate"));
    if (!end) return bad("range has no endDate");
    out.end = *end;
  }
  if (out.range == RangeType::numbered) {
    const std::int64_t count = json::int_at(range, "numberOfOccurrences").value_or(0);
    if (count < 1 || count > most_occurrences) return bad("numberOfOccurrences of its range is out of range");
    out.count = static_cast<int>(count);
  }
  return {};
}

std::string_view name_of(std::chrono::weekday day) { return day_names[day.c_encoding()]; }

}  // namespace

Result<Recurrence> parse_recurrence(const json::Value& recurrence) {
  const json::Value* pattern = json::object_at(recurrence, "pattern");
  const json::Value* range = json::object_at(recurrence, "range");
  if (!pattern || !range) return bad("recurrence has no pattern or no range");
  Recurrence out;
  if (auto read = read_pattern(*pattern, out); !read) return read.error();
  if (auto read = read_range(*range, out); !read) return read.error();
  return out;
}

std::string recurrence_json(const Recurrence& one) {
  json::Writer writer;
  writer.begin_object().key("pattern").begin_object();
  writer.put("type", type_names[static_cast<std::size_t>(one.type)]).put("interval", one.interval);
  if (has_days(one.type)) {
    writer.key("daysOfWeek").begin_array();
    for (const std::chrono::weekday day : one.days) writer.value(name_of(day));
    writer.end_array();
  }
  if (one.type == PatternType::weekly) writer.put("firstDayOfWeek", name_of(one.first_day));
  if (is_relative(one.type))
    writer.put("index", index_names[one.index < 0 ? 4 : static_cast<std::size_t>(one.index - 1)]);
  if (is_absolute(one.type)) writer.put("dayOfMonth", static_cast<int>(one.day_of_month));
  if (is_yearly(one.type)) writer.put("month", static_cast<int>(one.month));
  writer.end_object().key("range").begin_object();
  writer.put("type", range_names[static_cast<std::size_t>(one.range)]).put("startDate", format_date(one.start));
  if (one.range == RangeType::end_date) writer.put("endDate", format_date(one.end));
  if (one.range == RangeType::numbered) writer.put("numberOfOccurrences", one.count);
  if (!one.time_zone.empty()) writer.put("recurrenceTimeZone", one.time_zone);
  writer.end_object().end_object();
  return writer.text();
}

}  // namespace calsync::microsoft
