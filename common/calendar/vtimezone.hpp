// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/calendar/ical_components.hpp"

namespace calsync::calendar {

/// The offsets that a VTIMEZONE itself describes (RFC 5545 section 3.6.5), for zones that are none of IANA's. Yearly
/// rules are computed directly for the year that is asked for, so no rule of a stranger can cost more than one year's
/// days.
class VtimezoneRules {
 public:
  /// Nothing when no observance of it can be used.
  static std::optional<VtimezoneRules> parse(const IcalComponent& component);
  /// Seconds east of UTC. Before the first onset: what that one's TZOFFSETFROM says.
  std::chrono::seconds offset_at(std::chrono::sys_seconds instant) const;

 private:
  struct Observance {
    std::chrono::seconds from{};
    std::chrono::seconds to{};
    std::vector<std::chrono::sys_seconds> onsets{};  ///< DTSTART and RDATEs, ascending
    bool yearly = false;
    unsigned month = 1;
    std::vector<unsigned> month_days{};             ///< BYMONTHDAY; empty = any
    std::optional<std::chrono::weekday> weekday{};  ///< BYDAY …
    int nth = 0;                                    ///< … and its ordinal, 0 = none
    std::chrono::seconds time_of_day{};
    std::chrono::sys_seconds until = std::chrono::sys_seconds::max();

    std::optional<std::chrono::sys_seconds> last_onset(std::chrono::sys_seconds instant) const;
    std::optional<std::chrono::sys_seconds> onset_in(std::chrono::year year) const;
    bool read_rule(std::string_view value);
  };
  static std::optional<Observance> parse_observance(const IcalComponent& component);

  std::vector<Observance> observances_;
};

/// A well-known IANA zone whose clocks agree with `rules` for the two years from `from` on, so that a series can be
/// expanded in it; "" when there is none.
std::string equivalent_zone(const VtimezoneRules& rules, std::chrono::sys_seconds from);

}  // namespace calsync::calendar
