// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/calendar/change.hpp"
#include "common/calendar/ical_identity.hpp"

namespace calsync::calendar {

struct IcalOptions {
  std::string default_zone{};  ///< IANA; of times without a zone in a file that names none, "" = UTC
  IdSource ids = IdSource::uid;
};

struct ParsedCalendar {
  std::string name{};                 ///< X-WR-CALNAME, else NAME (RFC 7986), else ""
  std::string time_zone{};            ///< IANA; X-WR-TIMEZONE, else the only zone the file defines, else ""
  std::vector<EventChange> events{};  ///< Event and EventUnreadable only, in file order
  int superseded = 0;                 ///< VEVENTs left out because a later revision of the same event is there
  bool complete = false;              ///< ends with END:VCALENDAR; a download without it was cut short
};

/// Reads iCalendar text (RFC 5545) of any origin and encoding; several VCALENDARs count as one. Every VEVENT becomes an
/// Event or an EventUnreadable, or is counted as superseded (ical_identity.hpp has the rules of identity,
/// ical_zones.hpp those of time zones). failure malformed: this is no iCalendar text at all.
Result<ParsedCalendar> read_ical(std::string_view text, const IcalOptions& options = {});

}  // namespace calsync::calendar
