// SPDX-License-Identifier: Apache-2.0
// start, end and originalStartTime of an event: an all-day date or an instant with its zone.
#pragma once

#include <optional>
#include <string>

#include "json.hpp"
#include "zone.hpp"

namespace calsync::emulator {

struct EventTime {
  enum class Kind : std::uint8_t { none, date, timed };
  Kind kind = Kind::none;
  std::int64_t seconds = 0;  // UTC; of a date: its midnight read as UTC
  const Zone* zone = nullptr;

  bool is_date() const { return kind == Kind::date; }
  bool operator==(const EventTime&) const = default;
  EventTime moved_to(std::int64_t other_seconds) const { return {kind, other_seconds, zone}; }
  // The instant at which a date begins depends on the calendar's zone.
  std::int64_t instant(const Zone* calendar_zone) const { return is_date() ? calendar_zone->to_utc(seconds) : seconds; }
  std::string id_suffix() const;  // 20260302T080000Z or 20260302, as in instance ids
};

// The offset in an answer is the one of the answer's zone, whatever was stored.
void append_event_time(std::string& out, const EventTime& time, const Zone* answer_zone);

enum class TimeFault { missing, malformed, missing_zone, unknown_zone };
// Reads {"date"} or {"dateTime","timeZone"?}; a missing timeZone becomes `calendar_zone`.
std::optional<TimeFault> read_event_time(const JsonValue* value, const Zone* calendar_zone, EventTime& out,
                                         bool& named_zone);

std::optional<EventTime> parse_id_suffix(std::string_view suffix);

}  // namespace calsync::emulator
