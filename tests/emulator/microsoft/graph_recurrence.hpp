// SPDX-License-Identifier: Apache-2.0
// patternedRecurrence: how a series repeats, in days (recurrencePattern and recurrenceRange resource types).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/emulator/json.hpp"
#include "tests/emulator/zone.hpp"

namespace calsync::emulator::microsoft {

struct Recurrence {
  enum class Pattern : std::uint8_t {
    daily,
    weekly,
    absolute_monthly,
    relative_monthly,
    absolute_yearly,
    relative_yearly
  };
  enum class End : std::uint8_t { none, date, count };

  Pattern pattern = Pattern::daily;
  int interval = 1, day_of_month = 0, month = 0;
  int index = 0;          // 0 first … 3 fourth, 4 last
  unsigned weekdays = 0;  // bit 0: Sunday
  int first_day = 0;      // 0: Sunday, as is the default
  End end = End::none;
  std::int64_t start_day = 0, end_day = 0;  // days since 1970
  std::int64_t count = 0;
  std::string zone_name;

  bool operator==(const Recurrence&) const = default;
  bool same_days(const Recurrence& other) const;  // whatever the zone is called
};

// Days since 1970 on which the series takes place, ascending. `clamps`: day 31 is the last one in shorter months.
std::vector<std::int64_t> occurrence_days(const Recurrence& rule, std::int64_t first, std::int64_t last, bool clamps,
                                          std::size_t limit = 20000);
bool occurs_on(const Recurrence& rule, std::int64_t day, bool clamps);

// A sentence when the client's value is refused.
std::string read_recurrence(const JsonValue& value, Recurrence& out);
std::string recurrence_json(const Recurrence& rule);

// What turns UNTIL into a day: the instants of the series' zone.
struct UntilContext {
  bool all_day = false;
  std::int64_t seconds_of_day = 0;  // wall time of DTSTART
  const Zone* zone = nullptr;
};

// From a series of RFC 5545; a sentence when Outlook has no such pattern. `start_day` and `wall` are DTSTART's.
std::string recurrence_from_rule(std::string_view rule, std::int64_t start_day, const UntilContext& context,
                                 Recurrence& out);

std::optional<int> weekday_from_name(std::string_view name);  // any case
int weekday_of(std::int64_t day);                             // 0: Sunday

}  // namespace calsync::emulator::microsoft
