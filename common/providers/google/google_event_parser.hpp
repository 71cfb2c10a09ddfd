// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/calendar/change.hpp"

namespace calsync::google {

/// One item of an events list; `calendar_zone` is the page's `timeZone`. Total: what cannot be understood is an
/// EventUnreadable with the reason, and every event keeps the item's own bytes in raw_payload (as {"unparsed": …} where
/// they are no JSON that Postgres would store). A cancelled single event or master is an EventRemoved; a cancelled
/// occurrence of a live series is an Event with status cancelled and no times, which subtracts that occurrence.
///
/// Busy are all events but these: transparent, working locations, declined by this calendar's own attendee entry,
/// cancelled.
calendar::EventChange parse_event(std::string_view item, std::string_view calendar_zone);

}  // namespace calsync::google
