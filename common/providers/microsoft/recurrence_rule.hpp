// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/calendar/event.hpp"
#include "common/providers/microsoft/graph_recurrence.hpp"

namespace calsync::microsoft {

/// "RRULE:…" (RFC 5545 section 3.3.10) of a series that starts at `start`. WKST is always written for weeks: Graph's
/// default is Sunday, RFC 5545's Monday, and with an interval the dates differ. UNTIL is the last start that the
/// range's end date allows, in UTC for timed events.
std::string rrule_line(const Recurrence& recurrence, const calendar::EventTime& start);

/// UNTIL of a timed event with an end date: that day at the event's time of day, in the range's own zone. Nothing for
/// other ranges and for dates.
std::optional<Time> last_start(const Recurrence& recurrence, const calendar::EventTime& start);

/// What Graph is asked for a series of ours. failure rejected: Graph has no such recurrence (several rules, lists and
/// negative days of the month, hours, days that not every month has, which Outlook would move instead of skip);
/// malformed: not a rule.
Result<Recurrence> recurrence_of(std::string_view rrule, const calendar::EventTime& start);

/// RFC 5545's "20260302" and "20260302T090000Z".
std::string ical_date(std::chrono::year_month_day date);
std::string ical_utc(Time instant);

}  // namespace calsync::microsoft
