// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/calendar/event.hpp"

namespace calsync::google {

/// Member `name` of an event: {"date"} or {"dateTime", "timeZone"?}. An all-day date stays a date. A date-time without
/// an offset is wall time in its own zone or else in `calendar_zone`. failure malformed says what is wrong, in a
/// sentence.
Result<calendar::EventTime> parse_event_time(const json::Value& event, std::string_view name,
                                             std::string_view calendar_zone);

}  // namespace calsync::google
