// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/provider/canonical_row.hpp"

namespace calsync::simulation {

/// A DATE or DATE-TIME: wall seconds read as UTC, and the zone they are in ("" = UTC).
struct FeedTime {
  bool is_date = false;
  std::int64_t wall = 0;
  std::string zone{};
  bool floating = false;  ///< says no zone, and so is in that of the feed
};

struct FeedGuest {
  std::string email{}, name{}, answer{};  ///< `answer` as PARTSTAT says it
  bool optional = false;
};

/// One VEVENT as its author means it.
struct FeedEvent {
  std::string uid{};
  int sequence = 0;
  std::string title{}, description{}, location{}, organizer{};
  std::vector<FeedGuest> guests{};
  FeedTime start{}, end{};
  std::string rule{};                ///< the value of RRULE
  std::vector<FeedTime> excluded{};  ///< EXDATE
  bool by_duration = false;          ///< says how long it is instead of when it ends
  bool is_exception = false;
  FeedTime original{};
  std::string status{}, transparency{}, classification{};  ///< as iCalendar says them, "" = not said
};

/// Its lines with CRLF, folded at 75 bytes.
std::string ics_of(const FeedEvent& event);

/// The row it must have in the mirror of a feed in `feed_zone`, without etag.
CanonicalRow expected_feed_row(const FeedEvent& event, const std::string& feed_zone);

}  // namespace calsync::simulation
