// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/calendar/change.hpp"
#include "common/providers/microsoft/graph_recurrence.hpp"

// Graph's event, as the mirror keeps it. Total: what cannot be understood is an EventUnreadable with the reason, and
// every event keeps the item's own bytes in raw_payload.
//
// Busy are all events but these: showAs free or workingElsewhere, declined by the mailbox's owner, cancelled.
namespace calsync::microsoft {

/// An item of a delta that belongs to a series: a master, a bare occurrence, an exception. What the series looks like
/// now is for its master and its instances to say.
struct SeriesTouched {
  std::string master_id{};
};

/// One item of calendarView/delta. An `@removed` item is an EventRemoved whatever its reason: it has left the window,
/// by deletion or by a move.
using DeltaItem = std::variant<calendar::EventChange, SeriesTouched>;
DeltaItem parse_delta_item(std::string_view item);

/// A series master. Its event has the pattern's RRULE alone.
struct Master {
  calendar::Event event{};
  Recurrence recurrence{};
};
/// EventUnreadable = it is a master that nobody understands, or none at all.
std::variant<Master, calendar::EventUnreadable> parse_master(std::string_view item);

/// One of a master's instances: where in the series it belongs, and what it is if it differs from it.
struct Instance {
  std::optional<calendar::EventTime> slot{};  ///< nothing = unknown
  std::optional<calendar::EventChange> exception{};
};
/// `zone`: where the series' days begin, an IANA name; "" = unknown.
Instance parse_instance(std::string_view item, const calendar::Event& master, std::string_view zone = {});

}  // namespace calsync::microsoft
