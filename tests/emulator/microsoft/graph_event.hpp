// SPDX-License-Identifier: Apache-2.0
// What a mailbox keeps of an event (event resource type).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "graph_recurrence.hpp"
#include "tests/emulator/zone.hpp"

namespace calsync::emulator::microsoft {

// A wall time and the zone it is meant in; of an all-day event midnight.
struct Moment {
  std::int64_t local = 0;
  const Zone* zone = utc_zone();

  std::int64_t utc() const { return zone->to_utc(local); }
  std::int64_t day() const { return local >= 0 ? local / 86400 : (local - 86399) / 86400; }
  bool operator==(const Moment&) const = default;
};

// Members that have no use here are kept as JSON text.
struct Content {
  std::string subject, body, body_type = "html";
  std::string show_as = "busy", sensitivity = "normal", importance = "normal";
  Moment start, end;
  bool all_day = false;
  std::string location, locations = "[]", attendees = "[]", categories = "[]";  // location: empty when there is none
  std::string organizer_name, organizer_address;
  bool organized_here = true;
  std::string response = "organizer";
  std::int64_t response_ms = 0;  // 0: never
  bool cancelled = false, draft = false, reminder_on = true;
  std::int64_t reminder_minutes = 15;
  bool response_requested = true, allows_proposals = true, hides_attendees = false;
  bool online = false;
  std::string online_provider = "unknown", join_url;
  std::map<std::string, std::string, std::less<>> properties;  // singleValueExtendedProperties
  std::map<std::string, std::string, std::less<>> extensions;  // open extensions, as JSON members

  bool meeting() const { return attendees != "[]"; }
};

// An occurrence that was changed.
struct Exception {
  Content content;
  std::int64_t created_ms = 0, modified_ms = 0;
  std::uint64_t change_key = 0;
};

// A single event or a series. What happens to an occurrence is a change of its series.
struct Item {
  std::string key;  // eight bytes
  Content content;
  std::optional<Recurrence> recurrence;
  std::map<std::int64_t, Exception> exceptions;  // by the day of the occurrence
  std::set<std::int64_t> removed_days;
  std::string ical_uid, transaction_id;
  std::int64_t created_ms = 0, modified_ms = 0;
  std::uint64_t change_key = 0;
  class Folder* folder = nullptr;
  bool deleted = false;

  bool is_series() const { return recurrence.has_value(); }
};

}  // namespace calsync::emulator::microsoft
