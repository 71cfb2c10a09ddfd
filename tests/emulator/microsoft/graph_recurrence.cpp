// SPDX-License-Identifier: Apache-2.0
#include "graph_recurrence.hpp"

#include <algorithm>

#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

using Pattern = Recurrence::Pattern;
constexpr int most_periods = 60000;

struct Month {
  std::int64_t year = 0;
  int month = 1;
};

Month month_of(std::int64_t day) {
  const CivilTime civil = civil_from_seconds(day * 86400);
  return {civil.year, civil.month};
}

Month moved(Month from, std::int64_t months) {
  const std::int64_t sum = from.year * 12 + from.month - 1 + months;
  return {sum / 12, static_cast<int>(sum % 12) + 1};
}

int length_of(Month month) {
  const Month next = moved(month, 1);
  return static_cast<int>(days_from_civil(next.year, next.month, 1) - days_from_civil(month.year, month.month, 1));
}

// The day of a month that an absolute or a relative pattern names.
std::optional<std::int64_t> day_in(const Recurrence& rule, Month month, bool clamps) {
  const std::int64_t first = days_from_civil(month.year, month.month, 1);
  const int length = length_of(month);
  if (rule.pattern == Pattern::absolute_monthly || rule.pattern == Pattern::absolute_yearly) {
    if (rule.day_of_month > length && !clamps) return std::nullopt;
    return first + std::min(rule.day_of_month, length) - 1;
  }
  std::vector<std::int64_t> fitting;
  for (int i = 0; i < length; ++i)
    if ((rule.weekdays >> weekday_of(first + i) & 1) != 0) fitting.push_back(first + i);
  if (fitting.empty()) return std::nullopt;
  if (rule.index == 4) return fitting.back();
  if (static_cast<std::size_t>(rule.index) >= fitting.size()) return std::nullopt;
  return fitting[static_cast<std::size_t>(rule.index)];
}

// The days of the n-th period: day, week, month or year.
void append_period(const Recurrence& rule, std::int64_t n, bool clamps, std::vector<std::int64_t>& days) {
  const std::int64_t step = n * rule.interval;
  switch (rule.pattern) {
    case Pattern::daily:
      days.push_back(rule.start_day + step);
      return;
    case Pattern::weekly: {
      const std::int64_t week = rule.start_day - (weekday_of(rule.start_day) - rule.first_day + 7) % 7 + step * 7;
      for (int i = 0; i < 7; ++i)
        if ((rule.weekdays >> weekday_of(week + i) & 1) != 0) days.push_back(week + i);
      return;
    }
    case Pattern::absolute_monthly:
    case Pattern::relative_monthly:
      if (const auto day = day_in(rule, moved(month_of(rule.start_day), step), clamps)) days.push_back(*day);
      return;
    case Pattern::absolute_yearly:
    case Pattern::relative_yearly:
      if (const auto day = day_in(rule, {month_of(rule.start_day).year + step, rule.month}, clamps))
        days.push_back(*day);
      return;
  }
}

// Without a count the periods before the window need not be walked.
std::int64_t first_period(const Recurrence& rule, std::int64_t first) {
  if (rule.end == Recurrence::End::count || first <= rule.start_day) return 0;
  const std::int64_t days = first - rule.start_day;
  const bool yearly = rule.pattern == Pattern::absolute_yearly || rule.pattern == Pattern::relative_yearly;
  const std::int64_t length = rule.pattern == Pattern::daily    ? 1
                              : rule.pattern == Pattern::weekly ? 7
                              : yearly                          ? 366
                                                                : 31;
  return std::max<std::int64_t>(0, days / (length * rule.interval) - 2);
}

}  // namespace

int weekday_of(std::int64_t day) { return static_cast<int>(((day + 4) % 7 + 7) % 7); }

bool Recurrence::same_days(const Recurrence& other) const {
  Recurrence copy = other;
  copy.zone_name = zone_name;
  return *this == copy;
}

std::vector<std::int64_t> occurrence_days(const Recurrence& rule, std::int64_t first, std::int64_t last, bool clamps,
                                          std::size_t limit) {
  std::vector<std::int64_t> found, days;
  std::int64_t counted = 0;
  for (std::int64_t n = first_period(rule, first), end = n + most_periods; n < end; ++n) {
    days.clear();
    append_period(rule, n, clamps, days);
    for (const std::int64_t day : days) {
      if (day < rule.start_day) continue;
      if (rule.end == Recurrence::End::date && day > rule.end_day) return found;
      if (rule.end == Recurrence::End::count && ++counted > rule.count) return found;
      if (day > last || found.size() >= limit) return found;
      if (day >= first) found.push_back(day);
    }
  }
  return found;
}

bool occurs_on(const Recurrence& rule, std::int64_t day, bool clamps) {
  return !occurrence_days(rule, day, day, clamps, 1).empty();
}

}  // namespace calsync::emulator::microsoft
