// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/graph_draft.hpp"

#include <fmt/format.h>

#include <array>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"
#include "tests/emulator/microsoft/graph_recurrence.hpp"
#include "tests/simulation/provider/event_draft.hpp"

namespace calsync::simulation {
namespace {

using emulator::ObjectWriter;

constexpr std::int64_t day = 86400;
constexpr std::array<std::string_view, 8> zones{
    "W. Europe Standard Time", "Eastern Standard Time",   "Tokyo Standard Time", "Nepal Standard Time",
    "GMT Standard Time",       "Lord Howe Standard Time", "Samoa Standard Time", "UTC"};
struct ClockChange {
  std::string_view zone, wall;
};
constexpr std::array<ClockChange, 5> clock_changes{{{"W. Europe Standard Time", "2026-03-29T02:30:00"},
                                                    {"W. Europe Standard Time", "2026-10-25T02:30:00"},
                                                    {"Eastern Standard Time", "2026-03-08T02:15:00"},
                                                    {"Eastern Standard Time", "2026-11-01T01:30:00"},
                                                    {"Lord Howe Standard Time", "2026-04-05T01:45:00"}}};
constexpr std::array<std::string_view, 7> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};

std::string wall(std::int64_t seconds) {
  std::string text;
  emulator::append_rfc3339(text, seconds, 0);
  text.pop_back();
  return text;
}

std::string date(std::int64_t seconds) {
  std::string text;
  emulator::append_date(text, seconds);
  return text;
}

std::int64_t near_time(Dice& dice, Time now) {
  const std::int64_t at =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() + dice.between(-7 * day, 14 * day);
  return at - at % 900;
}

void put_times(ObjectWriter& event, std::int64_t start, std::int64_t length, std::string_view zone) {
  event.raw("start", fmt::format(R"({{"dateTime":"{}","timeZone":"{}"}})", wall(start), zone));
  event.raw("end", fmt::format(R"({{"dateTime":"{}","timeZone":"{}"}})", wall(start + length), zone));
}

void put_days(ObjectWriter& event, std::int64_t start, std::int64_t days, std::string_view zone) {
  put_times(event, start - start % day, days * day, zone);
  event.boolean("isAllDay", true);
}

void put_guests(ObjectWriter& event, Dice& dice) {
  constexpr std::array<std::string_view, 5> answers{"none", "notResponded", "declined", "tentativelyAccepted",
                                                    "accepted"};
  std::string guests;
  for (std::int64_t i = dice.between(1, 3); i > 0; --i)
    guests += fmt::format(
        R"({}{{"type":"{}","status":{{"response":"{}"}},"emailAddress":{{"name":"Guest {}","address":"guest{}@example.org"}}}})",
        guests.empty() ? "" : ",", dice.chance(0.3) ? "optional" : "required", dice.pick(answers), i, i);
  event.raw("attendees", "[" + guests + "]");
  if (dice.chance(0.5)) return;
  event.boolean("isOrganizer", false);
  event.raw("organizer", R"({"emailAddress":{"name":"Guest 1","address":"Guest1@example.org"}})");
  event.raw("responseStatus", fmt::format(R"({{"response":"{}"}})", dice.pick(answers)));
}

void put_words(ObjectWriter& event, Dice& dice) {
  constexpr std::array<std::string_view, 6> shown{"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"};
  constexpr std::array<std::string_view, 4> kept{"normal", "personal", "private", "confidential"};
  event.text("subject", words(dice));
  if (dice.chance(0.3))
    event.raw("body", dice.chance(0.5) ? R"({"contentType":"text","content":"One\nand two"})"
                                       : R"({"contentType":"html","content":"<p>One &amp; <b>two</b></p>"})");
  if (dice.chance(0.05)) event.raw("body", fmt::format(R"({{"contentType":"text","content":"{}"}})", long_words(dice)));
  if (dice.chance(0.3)) event.raw("location", fmt::format(R"({{"displayName":"{}"}})", words(dice)));
  if (dice.chance(0.3)) event.text("showAs", dice.pick(shown));
  if (dice.chance(0.2)) event.text("sensitivity", dice.pick(kept));
  if (dice.chance(0.25)) put_guests(event, dice);
}

std::string pattern(Dice& dice, std::int64_t start) {
  const emulator::CivilTime civil = emulator::civil_from_seconds(start);
  const std::string_view weekday =
      weekdays.at(static_cast<std::size_t>(emulator::microsoft::weekday_of((start - start % day) / day)));
  switch (dice.below(6)) {
    case 0:
      return fmt::format(R"("type":"daily","interval":{})", dice.between(1, 3));
    case 1:
      return fmt::format(R"("type":"weekly","interval":{},"daysOfWeek":["{}","{}"],"firstDayOfWeek":"{}")",
                         dice.between(1, 2), weekday, dice.pick(weekdays), dice.chance(0.5) ? "sunday" : "monday");
    case 2:
      return fmt::format(R"("type":"absoluteMonthly","interval":1,"dayOfMonth":{})", civil.day);
    case 3:
      return fmt::format(R"("type":"relativeMonthly","interval":1,"daysOfWeek":["{}"],"index":"{}")", weekday,
                         dice.chance(0.5) ? "last" : "second");
    case 4:
      return fmt::format(R"("type":"absoluteYearly","interval":1,"dayOfMonth":{},"month":{})", civil.day, civil.month);
    default:
      return fmt::format(R"("type":"weekly","interval":1,"daysOfWeek":["{}"],"firstDayOfWeek":"sunday")", weekday);
  }
}

std::string rule(Dice& dice, std::int64_t start) {
  std::string range = fmt::format(R"("startDate":"{}")", date(start));
  switch (dice.below(3)) {
    case 0:
      range += R"(,"type":"noEnd")";
      break;
    case 1:
      range += fmt::format(R"(,"type":"numbered","numberOfOccurrences":{})", dice.between(2, 20));
      break;
    default:
      range += fmt::format(R"(,"type":"endDate","endDate":"{}")", date(start + dice.between(1, 200) * day));
  }
  return fmt::format(R"({{"pattern":{{{}}},"range":{{{}}}}})", pattern(dice, start), range);
}

template <class Fill>
std::string object(Fill&& fill) {
  std::string json;
  {
    ObjectWriter event(json);
    fill(event);
  }
  return json;
}

}  // namespace

std::string graph_draft_timed(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice);
    put_times(event, near_time(dice, now), dice.between(0, 16) * 900, dice.pick(zones));
  });
}

std::string graph_draft_all_day(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice);
    put_days(event, near_time(dice, now), dice.between(1, 4), dice.pick(zones));
  });
}

std::string graph_draft_series(Dice& dice, Time now, bool all_day) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice);
    const std::int64_t start = near_time(dice, now) - dice.between(0, 60) * day;
    if (all_day)
      put_days(event, start, 1, dice.pick(zones));
    else
      put_times(event, start, dice.between(1, 8) * 900, dice.pick(zones));
    event.raw("recurrence", rule(dice, start));
  });
}

std::string graph_draft_at_clock_change(Dice& dice, Time now, bool series) {
  const ClockChange& change = dice.pick(clock_changes);
  std::int64_t at = emulator::parse_rfc3339(change.wall)->local_seconds;
  // Elsewhere in time such a series meets the clock changes of its own year.
  if (std::abs(at - near_time(dice, now)) > 300 * day) at = near_time(dice, now);
  return object([&](ObjectWriter& event) {
    put_words(event, dice);
    const std::int64_t start = series ? at - 3 * day : at;
    put_times(event, start, 3600, change.zone);
    if (series)
      event.raw(
          "recurrence",
          fmt::format(
              R"({{"pattern":{{"type":"daily","interval":1}},"range":{{"type":"numbered","startDate":"{}","numberOfOccurrences":7}}}})",
              date(start)));
  });
}

std::string graph_draft_unicode(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    event.text("subject", odd_text(dice));
    event.raw("body", object([&](ObjectWriter& body) {
                body.text("contentType", "text");
                body.text("content", odd_text(dice));
              }));
    event.raw("location", object([&](ObjectWriter& place) { place.text("displayName", odd_text(dice)); }));
    put_times(event, near_time(dice, now), 3600, dice.pick(zones));
  });
}

std::string graph_change_of_words(Dice& dice) {
  return object([&](ObjectWriter& event) { put_words(event, dice); });
}

std::string graph_change_of_time(Dice& dice, std::int64_t start, bool all_day) {
  return object([&](ObjectWriter& event) {
    if (all_day) {
      put_days(event, start, dice.between(1, 3), dice.pick(zones));
    } else {
      put_times(event, start, dice.between(0, 16) * 900, dice.pick(zones));
      event.boolean("isAllDay", false);
    }
  });
}

std::string graph_change_of_zone(Dice& dice, std::int64_t local_start, std::int64_t length) {
  return object([&](ObjectWriter& event) { put_times(event, local_start, length, dice.pick(zones)); });
}

std::string graph_change_of_rule(Dice& dice, std::int64_t local_start) {
  return object([&](ObjectWriter& event) { event.raw("recurrence", rule(dice, local_start)); });
}

}  // namespace calsync::simulation
