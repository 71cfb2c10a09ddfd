// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/recurrence_dates.hpp"

#include <algorithm>

namespace calsync::microsoft {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

bool is_named(const Recurrence& rule, sys_days day) {
  return std::find(rule.days.begin(), rule.days.end(), std::chrono::weekday(day)) != rule.days.end();
}

sys_days week_begin(const Recurrence& rule, sys_days day) { return day - (std::chrono::weekday(day) - rule.first_day); }

void add_month(const Recurrence& rule, year_month month, std::vector<sys_days>& out) {
  const sys_days first = month / 1;
  const sys_days last = month / std::chrono::last;
  if (rule.type == PatternType::absolute_monthly || rule.type == PatternType::absolute_yearly) {
    const year_month_day day = month / std::chrono::day(rule.day_of_month);
    if (day.ok()) out.emplace_back(day);
    return;
  }
  std::vector<sys_days> named;
  for (sys_days day = first; day <= last; day += days(1)) {
    if (is_named(rule, day)) named.push_back(day);
  }
  const auto index = static_cast<std::size_t>(rule.index < 0 ? static_cast<int>(named.size()) - 1 : rule.index - 1);
  if (index < named.size()) out.push_back(named[index]);
}

/// The days of the rule's `nth` period, counted from the one that holds its start.
std::vector<sys_days> period(const Recurrence& rule, int nth) {
  std::vector<sys_days> out;
  const sys_days start = rule.start;
  const int steps = nth * rule.interval;
  switch (rule.type) {
    case PatternType::daily:
      out.push_back(start + days(steps));
      break;
    case PatternType::weekly:
      for (int day = 0; day < 7; ++day) {
        const sys_days one = week_begin(rule, start) + days(7 * steps + day);
        if (is_named(rule, one)) out.push_back(one);
      }
      break;
    case PatternType::absolute_monthly:
    case PatternType::relative_monthly:
      add_month(rule, rule.start.year() / rule.start.month() + std::chrono::months(steps), out);
      break;
    case PatternType::absolute_yearly:
    case PatternType::relative_yearly:
      add_month(rule, (rule.start.year() + std::chrono::years(steps)) / std::chrono::month(rule.month), out);
      break;
  }
  return out;
}

/// A lower bound of the days from one period to the next.
int shortest_period(const Recurrence& rule) {
  switch (rule.type) {
    case PatternType::daily:
      return rule.interval;
    case PatternType::weekly:
      return 7 * rule.interval;
    case PatternType::absolute_monthly:
    case PatternType::relative_monthly:
      return 28 * rule.interval;
    case PatternType::absolute_yearly:
    case PatternType::relative_yearly:
      return 365 * rule.interval;
  }
  return 1;
}

/// The longest month and year, for jumps that must not go too far.
int longest_period(const Recurrence& rule) {
  switch (rule.type) {
    case PatternType::absolute_monthly:
    case PatternType::relative_monthly:
      return 31 * rule.interval;
    case PatternType::absolute_yearly:
    case PatternType::relative_yearly:
      return 366 * rule.interval;
    default:
      return shortest_period(rule);
  }
}

}  // namespace

std::vector<year_month_day> recurrence_dates(const Recurrence& rule, year_month_day from, year_month_day to) {
  std::vector<year_month_day> found;
  const sys_days start = rule.start;
  sys_days last = to;
  if (rule.range == RangeType::end_date) last = std::min(last, sys_days(rule.end));
  if (last < start) return found;
  // A rule that counts has to be counted from its start; any other may begin two periods before what is asked.
  const auto ahead = (sys_days(from) - start).count();
  const int first = rule.range == RangeType::numbered || ahead <= 0
                        ? 0
                        : std::max<int>(0, static_cast<int>(ahead / longest_period(rule)) - 2);
  const int final = static_cast<int>((last - start).count() / shortest_period(rule)) + 2;
  int counted = 0;
  for (int nth = first; nth <= final; ++nth) {
    for (const sys_days day : period(rule, nth)) {
      if (day < start) continue;
      if (day > last || (rule.range == RangeType::numbered && counted++ == rule.count)) return found;
      if (day >= sys_days(from)) found.emplace_back(day);
    }
  }
  return found;
}

}  // namespace calsync::microsoft
