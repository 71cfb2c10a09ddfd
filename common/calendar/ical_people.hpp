// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/calendar/event.hpp"
#include "common/calendar/ical_components.hpp"

namespace calsync::calendar {

/// Fills organizer and attendees from ORGANIZER and ATTENDEE lines (RFC 5545 sections 3.8.4.1 and 3.8.4.3). An address
/// is what follows "mailto:", else the EMAIL parameter (RFC 7986), else the value itself.
void read_people(const IcalComponent& component, Event& event);

}  // namespace calsync::calendar
