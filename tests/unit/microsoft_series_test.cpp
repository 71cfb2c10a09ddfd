// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/providers/microsoft/graph_series.hpp"
#include "common/providers/microsoft/recurrence_rule.hpp"

namespace calsync::microsoft {
namespace {

using calendar::Event;
using Lines = std::vector<std::string>;

Time at(std::string_view text) { return parse_rfc3339(text).value(); }

const Window window{at("2026-03-01T00:00:00Z"), at("2026-05-01T00:00:00Z"), at("2026-03-10T00:00:00Z")};

/// Every Monday at nine in Berlin, from 2026-03-16 on.
Master mondays(bool all_day = false) {
  Master master;
  master.event.external_event_id = "m";
  master.event.etag = "e1";
  master.event.is_all_day = all_day;
  if (all_day) {
    master.event.start.date = parse_date("2026-03-16");
  } else {
    master.event.start.instant = at("2026-03-16T08:00:00Z");
    master.event.time_zone = master.event.start.time_zone = "Europe/Berlin";
  }
  master.event.recurrence = {"RRULE:…"};
  master.recurrence.type = PatternType::weekly;
  master.recurrence.days = {std::chrono::Monday};
  master.recurrence.start = *parse_date("2026-03-16");
  return master;
}

std::set<std::int64_t> slots(std::initializer_list<const char*> times) {
  std::set<std::int64_t> keys;
  for (const char* text : times) {
    calendar::EventTime slot;
    slot.instant = at(text);
    keys.insert(slot_key(slot));
  }
  return keys;
}

}  // namespace

TEST_CASE("a series whose slots are all filled is its rule, across a clock change", "[microsoft][series]") {
  const Event event = complete_series(
      mondays(),
      slots({"2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z",
             "2026-04-13T07:00:00Z", "2026-04-20T07:00:00Z", "2026-04-27T07:00:00Z"}),
      window);
  CHECK(event.recurrence == Lines{"RRULE:…"});
  CHECK(event.etag == "e1");
}

TEST_CASE("a slot that nobody fills is an exclusion", "[microsoft][series]") {
  const Event event = complete_series(mondays(),
                                      slots({"2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z", "2026-04-06T07:00:00Z",
                                             "2026-04-13T07:00:00Z", "2026-04-27T07:00:00Z"}),
                                      window);
  CHECK(event.recurrence == Lines{"RRULE:…", "EXDATE:20260330T070000Z,20260420T070000Z"});
  // The master's own version need not tell of it.
  CHECK(event.etag.starts_with("e1 "));
}

TEST_CASE("an end in another zone than the event's is held against what the rule line says", "[microsoft][series]") {
  Master master = mondays();
  master.event.start.instant = at("2026-03-15T02:45:00Z");
  master.event.time_zone = master.event.start.time_zone = "Asia/Tokyo";
  master.recurrence.days = {std::chrono::Sunday};
  master.recurrence.start = *parse_date("2026-03-15");
  master.recurrence.range = RangeType::end_date;
  master.recurrence.end = *parse_date("2026-03-28");
  master.recurrence.time_zone = "Eastern Standard Time";
  // In New York it is Saturday evening: the line allows 2026-03-29 in Tokyo, whether Graph does or not.
  CHECK(rrule_line(master.recurrence, master.event.start).ends_with("UNTIL=20260329T024500Z"));
  const Lines without{"RRULE:…", "EXDATE:20260329T024500Z"};
  CHECK(complete_series(master, slots({"2026-03-15T02:45:00Z", "2026-03-22T02:45:00Z"}), window).recurrence == without);
  const auto all = slots({"2026-03-15T02:45:00Z", "2026-03-22T02:45:00Z", "2026-03-29T02:45:00Z"});
  CHECK(complete_series(master, all, window).recurrence == Lines{"RRULE:…"});
}

TEST_CASE("instances beside the rule are added", "[microsoft][series]") {
  const Event event = complete_series(
      mondays(),
      slots({"2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z",
             "2026-04-13T07:00:00Z", "2026-04-20T07:00:00Z", "2026-04-22T07:00:00Z", "2026-04-27T07:00:00Z"}),
      window);
  CHECK(event.recurrence == Lines{"RRULE:…", "RDATE:20260422T070000Z"});
}

TEST_CASE("outside the window nothing is concluded", "[microsoft][series]") {
  const Window narrow{at("2026-03-23T00:00:00Z"), at("2026-04-07T00:00:00Z"), at("2026-03-25T00:00:00Z")};
  // The 23rd and the 6th are within a day of its edges.
  const Event event = complete_series(mondays(), slots({"2026-03-30T07:00:00Z"}), narrow);
  CHECK(event.recurrence == Lines{"RRULE:…"});
  // An occurrence from outside that was moved into the window belongs to the rule nevertheless.
  const Event moved = complete_series(mondays(), slots({"2026-03-30T07:00:00Z", "2027-01-04T08:00:00Z"}), narrow);
  CHECK(moved.recurrence == Lines{"RRULE:…"});
}

TEST_CASE("all-day series exclude dates", "[microsoft][series]") {
  const Event event = complete_series(mondays(true),
                                      slots({"2026-03-16T00:00:00Z", "2026-03-30T00:00:00Z", "2026-04-06T00:00:00Z",
                                             "2026-04-13T00:00:00Z", "2026-04-20T00:00:00Z", "2026-04-27T00:00:00Z"}),
                                      window);
  CHECK(event.recurrence == Lines{"RRULE:…", "EXDATE;VALUE=DATE:20260323"});
}

TEST_CASE("a zone that nobody knows corrects itself by exclusions and additions", "[microsoft][series]") {
  Master master = mondays();
  master.event.time_zone = master.event.start.time_zone = "";
  const Event event = complete_series(
      std::move(master),
      slots({"2026-03-16T08:00:00Z", "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z",
             "2026-04-13T07:00:00Z", "2026-04-20T07:00:00Z", "2026-04-27T07:00:00Z"}),
      window);
  REQUIRE(event.recurrence.size() == 3);
  CHECK(event.recurrence[1].starts_with("RDATE:20260330T070000Z,"));
  CHECK(event.recurrence[2].starts_with("EXDATE:20260330T080000Z,"));
}

}  // namespace calsync::microsoft
