// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/event_draft.hpp"

#include <fmt/format.h>

#include <array>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::simulation {
namespace {

using emulator::ObjectWriter;

constexpr std::int64_t day = 86400;
constexpr std::array<std::string_view, 24> nouns{
    "Stand-up",   "Dentist", "Haircut",   "Review",    "Lunch",   "Flight",    "Call with Ada", "Yoga",
    "School run", "Board",   "1:1",       "Rehearsal", "Gym",     "Interview", "Offsite",       "Release",
    "Birthday",   "Holiday", "Inventory", "Delivery",  "Parents", "Piano",     "Retro",         "Planning"};
constexpr std::array<std::string_view, 8> odd_words{"Überstunden – Größe ß",
                                                    "会议 🗓️ 予約",
                                                    "مراجعة الفريق",
                                                    "a\"b'c`d«e»",
                                                    "tab\there\nand a line",
                                                    "e\u0301 is not é",
                                                    "👩‍👩‍👧‍👦 family",
                                                    "\\u0041 \\\" \u2028 end"};
constexpr std::array<std::string_view, 7> zones{"Europe/Berlin", "America/New_York",    "Asia/Tokyo",  "Asia/Kathmandu",
                                                "Europe/London", "Australia/Lord_Howe", "Pacific/Apia"};
constexpr std::array<std::string_view, 8> rules{"FREQ=DAILY;COUNT=10",
                                                "FREQ=WEEKLY;BYDAY=MO,WE,FR",
                                                "FREQ=WEEKLY;INTERVAL=2;COUNT=12",
                                                "FREQ=MONTHLY;BYDAY=2TU;COUNT=12",
                                                "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=6",
                                                "FREQ=YEARLY;COUNT=5",
                                                "FREQ=DAILY;INTERVAL=3;UNTIL=20261231T235959Z",
                                                "FREQ=DAILY"};
constexpr std::array<std::string_view, 4> day_rules{"FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;COUNT=8", "FREQ=YEARLY",
                                                    "FREQ=MONTHLY;BYDAY=1MO"};
struct ClockChange {
  std::string_view zone, wall;
};
constexpr std::array<ClockChange, 6> clock_changes{{{"Europe/Berlin", "2026-03-29T02:30:00"},
                                                    {"Europe/Berlin", "2026-10-25T02:30:00"},
                                                    {"America/New_York", "2026-03-08T02:15:00"},
                                                    {"America/New_York", "2026-11-01T01:30:00"},
                                                    {"Australia/Lord_Howe", "2026-04-05T01:45:00"},
                                                    {"Africa/Casablanca", "2026-03-22T02:30:00"}}};

std::int64_t seconds_of(Time time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

/// Wall time as in a dateTime without offset.
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

void put_times(ObjectWriter& event, std::int64_t start, std::int64_t length, std::string_view zone) {
  event.raw("start", fmt::format(R"({{"dateTime":"{}","timeZone":"{}"}})", wall(start), zone));
  event.raw("end", fmt::format(R"({{"dateTime":"{}","timeZone":"{}"}})", wall(start + length), zone));
}

void put_dates(ObjectWriter& event, std::int64_t start, std::int64_t days) {
  event.raw("start", fmt::format(R"({{"date":"{}"}})", date(start)));
  event.raw("end", fmt::format(R"({{"date":"{}"}})", date(start + days * day)));
}

std::int64_t near_time(Dice& dice, Time now) {
  const std::int64_t at = seconds_of(now) + dice.between(-7 * day, 14 * day);
  return at - at % 900;
}

std::int64_t length(Dice& dice) { return dice.chance(0.05) ? dice.between(1, 3) * day : dice.between(0, 16) * 900; }

void put_guests(ObjectWriter& event, Dice& dice, std::string_view self) {
  constexpr std::array<std::string_view, 4> answers{"needsAction", "declined", "tentative", "accepted"};
  std::string guests = fmt::format(R"([{{"email":"{}","responseStatus":"{}"}})", self, dice.pick(answers));
  for (std::int64_t i = dice.between(0, 3); i > 0; --i)
    guests += fmt::format(R"(,{{"email":"guest{}@example.org","displayName":"Guest {}","optional":{}}})", i, i,
                          dice.chance(0.3));
  event.raw("attendees", guests + "]");
}

void put_words(ObjectWriter& event, Dice& dice, std::string_view self) {
  event.text("summary", words(dice));
  if (dice.chance(0.3)) event.text("description", words(dice) + "\n" + words(dice));
  if (dice.chance(0.05)) event.text("description", long_words(dice));
  if (dice.chance(0.3)) event.text("location", words(dice));
  if (dice.chance(0.15)) event.text("transparency", "transparent");
  if (dice.chance(0.15)) event.text("visibility", dice.chance(0.5) ? "private" : "public");
  if (dice.chance(0.15)) event.text("status", "tentative");
  if (!self.empty() && dice.chance(0.25)) put_guests(event, dice, self);
}

void put_rule(ObjectWriter& event, std::string_view rule) {
  event.raw("recurrence", fmt::format(R"(["RRULE:{}"])", rule));
}

/// The text of an object that `fill` writes.
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

std::string words(Dice& dice) { return fmt::format("{} {}", dice.pick(nouns), dice.between(1, 999)); }

std::string long_words(Dice& dice) {
  std::string text = words(dice);
  for (const std::size_t wanted = dice.chance(0.5) ? 300 : 9000; text.size() < wanted;) text += ' ' + words(dice);
  return text;
}

std::string odd_text(Dice& dice) { return std::string(dice.pick(odd_words)); }

std::string draft_timed(Dice& dice, Time now, std::string_view self) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice, self);
    put_times(event, near_time(dice, now), length(dice), dice.pick(zones));
  });
}

std::string draft_all_day(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice, {});
    put_dates(event, near_time(dice, now), dice.between(1, 4));
  });
}

std::string draft_series(Dice& dice, Time now, std::string_view self) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice, self);
    put_times(event, near_time(dice, now) - dice.between(0, 20) * day, dice.between(1, 8) * 900, dice.pick(zones));
    put_rule(event, dice.pick(rules));
  });
}

std::string draft_all_day_series(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    put_words(event, dice, {});
    put_dates(event, near_time(dice, now) - dice.between(0, 20) * day, 1);
    put_rule(event, dice.pick(day_rules));
  });
}

std::string draft_at_clock_change(Dice& dice, bool series) {
  const ClockChange& change = dice.pick(clock_changes);
  const std::int64_t at = emulator::parse_rfc3339(change.wall)->local_seconds;
  return object([&](ObjectWriter& event) {
    put_words(event, dice, {});
    put_times(event, series ? at - 3 * day : at, 3600, change.zone);
    if (series) put_rule(event, "FREQ=DAILY;COUNT=7");
  });
}

std::string draft_unicode(Dice& dice, Time now) {
  return object([&](ObjectWriter& event) {
    std::string title(dice.pick(odd_words));
    if (dice.chance(0.1)) title.assign(20000, 'x');
    event.text("summary", title);
    event.text("description", dice.pick(odd_words));
    event.text("location", dice.pick(odd_words));
    put_times(event, near_time(dice, now), 3600, dice.pick(zones));
  });
}

std::string change_of_words(Dice& dice, std::string_view self) {
  return object([&](ObjectWriter& event) { put_words(event, dice, self); });
}

std::string change_of_time(Dice& dice, Time now, bool all_day) {
  return object([&](ObjectWriter& event) {
    if (all_day)
      put_dates(event, near_time(dice, now), dice.between(1, 3));
    else
      put_times(event, near_time(dice, now), length(dice), dice.pick(zones));
    event.text("status", "confirmed");
  });
}

}  // namespace calsync::simulation
