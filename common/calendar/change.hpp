// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "common/calendar/event.hpp"

namespace calsync::calendar {

/// The event is gone at the provider. Removing a master removes its exceptions too (Google sends only the master).
struct EventRemoved {
  std::string external_event_id{};
};

/// One event that cannot be understood: it becomes a FAILED row, and its calendar goes on.
struct EventUnreadable {
  std::string external_event_id{};
  std::string ical_uid{};
  std::string reason{};       ///< a sentence
  std::string raw_payload{};  ///< JSON
  std::string etag{};
};

using EventChange = std::variant<Event, EventRemoved, EventUnreadable>;

}  // namespace calsync::calendar
