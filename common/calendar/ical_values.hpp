// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/time.hpp"

namespace calsync::calendar {

/// A DATE or DATE-TIME value (RFC 5545 sections 3.3.4 and 3.3.5) before any zone is applied.
struct IcalMoment {
  bool is_date = false;
  bool utc = false;  ///< written with Z
  Time wall{};       ///< as if it were UTC; midnight for a date
  std::chrono::year_month_day date() const {
    return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(wall));
  }
};

/// Years 1 to 9999. Also takes what exporters write besides: no seconds, ISO 8601 punctuation, 24:00, small letters. A
/// leap second becomes the second before it.
std::optional<IcalMoment> parse_moment(std::string_view value);

/// A DURATION (RFC 5545 section 3.3.6). Days are days of the calendar: over a clock change they may have 23 or 25
/// hours.
struct IcalDuration {
  std::chrono::days days{0};
  std::chrono::seconds exact{0};
};
/// Takes weeks together with other parts, and a trailing T. Nothing above a thousand years.
std::optional<IcalDuration> parse_duration(std::string_view value);

/// "+0130", "-080000", "+01:00": a UTC-OFFSET (RFC 5545 section 3.3.14) of less than a day.
std::optional<std::chrono::seconds> parse_utc_offset(std::string_view value);

/// Whether libical can read an RRULE's value. Parts that libical refuses but readers agree on are forgiven: COUNT
/// beside UNTIL, empty parts, X- parts.
bool is_usable_rule(std::string_view value);

}  // namespace calsync::calendar
