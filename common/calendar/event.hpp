// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.hpp"

namespace calsync::calendar {

enum class Status { confirmed, tentative, cancelled };
std::string_view status_name(Status status);

/// When an event starts or ends: an instant with a zone, or a date without one (RFC 5545 section 3.3.4/3.3.5).
struct EventTime {
  std::optional<Time> instant{};                      ///< timed events
  std::optional<std::chrono::year_month_day> date{};  ///< all-day events; an end date is exclusive
  std::string time_zone{};                            ///< IANA name; "" for dates and for plain UTC instants
  bool empty() const { return !instant && !date; }
};

struct Attendee {
  std::string email{};
  std::string name{};
  std::string response{};  ///< needsAction | declined | tentative | accepted
  bool optional = false;
  bool organizer = false;
  bool self = false;  ///< this calendar's own entry
};

/// One row of the mirror: a single event, a recurring master, or an exception of one occurrence.
struct Event {
  std::string external_event_id{};  ///< unique in its calendar; opaque
  std::string ical_uid{};
  std::string title{};
  std::string description{};
  std::string location{};
  std::string organizer{};  ///< e-mail address
  std::vector<Attendee> attendees{};
  EventTime start{};
  EventTime end{};
  bool is_all_day = false;
  std::string time_zone{};  ///< IANA zone in which a recurrence expands; "" = UTC or all-day
  Status status = Status::confirmed;
  bool is_busy = true;
  std::string visibility{};               ///< default | public | private | confidential
  std::vector<std::string> recurrence{};  ///< RFC 5545 lines: RRULE, RDATE, EXDATE, EXRULE (masters only)
  std::string recurring_event_id{};       ///< exceptions: external id of the master
  EventTime original_start{};             ///< exceptions: which occurrence
  /// Masters: the same read names all exceptions of this series; others that the mirror has are gone.
  bool whole_series = false;
  std::string etag{};  ///< the provider's version, or a fingerprint where it has none
  std::int64_t sequence = 0;
  std::string raw_payload{};  ///< JSON: the provider's bytes (Google), or {"ics": "…"} for iCalendar components
};

}  // namespace calsync::calendar
