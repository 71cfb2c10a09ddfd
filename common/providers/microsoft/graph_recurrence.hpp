// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/result.hpp"

namespace calsync::microsoft {

enum class PatternType { daily, weekly, absolute_monthly, relative_monthly, absolute_yearly, relative_yearly };
enum class RangeType { no_end, numbered, end_date };

/// Graph's patternedRecurrence. Fields that a pattern's type does not use are left at their defaults, whatever an
/// answer fills them with.
struct Recurrence {
  PatternType type = PatternType::daily;
  int interval = 1;
  std::vector<std::chrono::weekday> days{};              ///< weekly and relative patterns; Sunday first, each once
  std::chrono::weekday first_day = std::chrono::Sunday;  ///< weekly; Graph's default, unlike RFC 5545's
  unsigned day_of_month = 1;                             ///< absolute patterns
  unsigned month = 1;                                    ///< yearly patterns
  int index = 1;                                         ///< relative patterns: 1 to 4, -1 = last
  RangeType range = RangeType::no_end;
  std::chrono::year_month_day start{};
  std::chrono::year_month_day end{};  ///< end_date: inclusive
  int count = 0;                      ///< numbered
  std::string time_zone{};            ///< of start and end, as named; "" = the event's
};

/// Names in any case. failure malformed says what is wrong, in a sentence.
Result<Recurrence> parse_recurrence(const json::Value& recurrence);
/// Only what the type needs: Graph refuses a property that the type does not have.
std::string recurrence_json(const Recurrence& recurrence);

}  // namespace calsync::microsoft
