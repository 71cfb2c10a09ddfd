// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/calendar/event.hpp"
#include "common/calendar/ical_zones.hpp"

namespace calsync::calendar {

/// One VEVENT, read as far as possible; its ids come later, when all of its file is known.
struct IcalEvent {
  Event event{};                 ///< without external ids and etag
  std::string uid{};             ///< "" when missing
  std::string recurrence_key{};  ///< exceptions: RECURRENCE-ID as 20260302T090000Z or 20260302
  std::string modified{};        ///< LAST-MODIFIED, else DTSTAMP; compares as text
  std::string problem{};         ///< why it cannot be understood, "" = it can
  std::string digest{};          ///< of its lines without time stamps
};

/// `cancelled`: METHOD:CANCEL stands over it.
IcalEvent read_event(const IcalComponent& component, IcalZones& zones, bool cancelled);

/// "20260302T090000Z" or "20260302".
std::string basic_form(const EventTime& time);

}  // namespace calsync::calendar
