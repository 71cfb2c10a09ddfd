// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/calendar/event.hpp"

// Graph's dateTimeTimeZone: wall time without an offset, with seven fraction digits, and the name of a zone. Answers
// come in UTC because every request asks for that; the zone that people see is in originalStartTimeZone.
namespace calsync::microsoft {

/// The IANA zone of a Windows or IANA name; "" = nobody knows it ("tzone://Microsoft/Custom").
std::string known_zone(std::string_view name);

/// Member `name` of an event. `zone`: the IANA zone in which it was made. failure malformed says what is wrong.
Result<calendar::EventTime> parse_timed(const json::Value& event, std::string_view name, std::string_view zone);
/// The same of an all-day event: midnight in a zone that says nothing, so only the date counts.
Result<calendar::EventTime> parse_all_day(const json::Value& event, std::string_view name);

/// The date whose midnight is nearest: the midnights of all zones from -11 to +12 hours are those of one date.
std::chrono::year_month_day nearest_date(Time instant);

}  // namespace calsync::microsoft
