// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "event_time.hpp"

namespace calsync::emulator {

// One stored row: a single event, the master of a series, or an exception (an occurrence with changes of its own).
struct Event {
  enum class Status : std::uint8_t { confirmed, tentative, cancelled };

  std::string id;
  std::string ical_uid;
  std::string body;  // the members without a field here, as JSON text: "summary":"…","creator":{…}
  EventTime start, end, original;
  std::string recurring_event_id;
  std::vector<std::string> recurrence;
  Status status = Status::confirmed;
  bool transparent = false;
  bool private_details = false;   // visibility private or confidential
  bool organized_here = true;     // organizer.self
  bool hidden = false;            // went away with its series: no list shows it
  bool working_location = false;  // eventType workingLocation is no busy time
  std::int64_t sequence = 0;
  std::int64_t created_ms = 0, updated_ms = 0;
  std::uint64_t etag = 0;
  std::uint64_t change = 0;       // position in the calendar's order of changes
  std::size_t position = 0;       // position in the calendar's order of creation
  std::uint64_t left_out_of = 0;  // the later pages of lists that began at this change do not have it (fault page_skip)

  bool cancelled() const { return status == Status::cancelled; }
  bool is_master() const { return !recurrence.empty(); }
  bool is_exception() const { return !recurring_event_id.empty(); }
  std::string quoted_etag() const { return '"' + std::to_string(etag) + '"'; }
  std::int64_t duration() const { return end.seconds - start.seconds; }
};

}  // namespace calsync::emulator
