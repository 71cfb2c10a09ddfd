// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/calendar/event.hpp"
#include "common/calendar/ical_components.hpp"
#include "common/calendar/ical_values.hpp"
#include "common/calendar/vtimezone.hpp"

namespace calsync::calendar {

/// A zone as one calendar file means it: one of IANA's, or rules that only the file knows.
struct IcalZone {
  std::string name{};  ///< "" = only `rules`
  std::shared_ptr<const VtimezoneRules> rules{};
  Time instant_of(Time wall) const;
};

/// One value on the time line.
struct PlacedTime {
  EventTime time{};
  Time wall{};
  std::optional<IcalZone> zone{};  ///< none for dates and for times written in UTC
  /// This much later, by the calendar for days and by the clock for the rest (RFC 5545 section 3.3.6).
  EventTime after(const IcalDuration& duration) const;
};

/// Resolves the TZIDs of one VCALENDAR, in this order: an IANA name in any spelling or a Windows name; the VTIMEZONE's
/// X-LIC-LOCATION; the VTIMEZONE's own rules; a constant offset in the name; the calendar's zone, where the file or the
/// caller named one. The system's tzdata wins over an embedded VTIMEZONE of the same zone, which is often cut or
/// outdated.
class IcalZones {
 public:
  /// `object` outlives this. `default_zone`: an IANA name or "".
  IcalZones(const IcalObject& object, std::string default_zone);

  /// X-WR-TIMEZONE as an IANA name, else the only IANA zone that the file defines, else "".
  const std::string& declared() const { return declared_; }
  /// The zone of times without one: X-WR-TIMEZONE, else the caller's, else the only one the file defines, else UTC.
  const std::string& floating() const { return floating_; }

  /// failure malformed, as the end of a sentence about an event: no date-time, an unknown zone, an instant out of
  /// range.
  Result<PlacedTime> place(const ContentLine& line);

 private:
  std::optional<IcalZone> resolve(const std::string& tzid) const;
  std::optional<IcalZone> by_definition(const std::string& tzid) const;
  const std::optional<IcalZone>& find(std::string_view tzid);

  const IcalObject& object_;
  std::string declared_;
  std::string floating_;
  bool zone_known_ = false;  ///< `floating_` is more than a guess
  std::map<std::string, std::optional<IcalZone>, std::less<>> found_;
};

}  // namespace calsync::calendar
