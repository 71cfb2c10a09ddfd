// SPDX-License-Identifier: Apache-2.0
// Expansion of a series: RRULE, EXRULE, RDATE and EXDATE lines (RFC 5545 section 3.8.5). libical walks the rules in
// wall time; everything that concerns zones is done here.
#pragma once

#include <string>
#include <vector>

#include "event_time.hpp"

namespace calsync::emulator {

struct ExpansionWindow {
  std::int64_t first = INT64_MIN;  // occurrences that start before it are left out
  std::int64_t last = INT64_MAX;   // as are those that start after it
  std::size_t limit = 20000;
};

// Start times, ascending and without duplicates, in the terms of EventTime::seconds.
std::vector<std::int64_t> occurrences(const EventTime& start, const std::vector<std::string>& lines,
                                      const ExpansionWindow& window);

// Empty when Google would take the line, else what is wrong with it.
std::string recurrence_line_fault(std::string_view line, bool all_day);

// The series' RRULE lines with an end right before `seconds` ("this and following" cuts a series so).
std::vector<std::string> cut_before(const EventTime& start, const std::vector<std::string>& lines,
                                    std::int64_t seconds);

// libical writes to stderr and may abort on malformed rules unless it is told not to. Call once, first.
void quiet_recurrence_engine();

// The value of a DATE, DATE-TIME or PERIOD list as start times; `zone` is that of values without Z.
struct ListedTime {
  std::int64_t seconds = 0;
  bool is_date = false;
};
bool read_time_list(std::string_view values, const Zone* zone, std::vector<ListedTime>& out);

}  // namespace calsync::emulator
