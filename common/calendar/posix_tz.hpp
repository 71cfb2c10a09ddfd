// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace calsync::calendar {

/// The rule that holds after the last transition of a TZif file: a POSIX TZ string such as
/// "CET-1CEST,M3.5.0,M10.5.0/3", with hours of -167 to 167 (RFC 9636 section 3.3.2).
class PosixTz {
 public:
  static std::optional<PosixTz> parse(std::string_view text);
  /// Seconds east of UTC.
  std::chrono::seconds offset_at(std::chrono::sys_seconds instant) const;

 private:
  /// A day of the year and a local time on it.
  struct Change {
    enum class Form { nth_weekday, day_without_leap, day_from_zero };
    Form form = Form::nth_weekday;
    unsigned month = 1;
    unsigned week = 1;  ///< 5 = the last
    unsigned day = 0;   ///< weekday (0 = Sunday), or day of the year
    std::chrono::seconds time = std::chrono::hours(2);
    std::chrono::local_seconds in(std::chrono::year year) const;
  };
  class Parser;

  std::chrono::seconds standard_{};
  std::chrono::seconds daylight_{};
  bool has_daylight_ = false;
  Change begins_{};
  Change ends_{};
};

}  // namespace calsync::calendar
