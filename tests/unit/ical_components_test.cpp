// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_components.hpp"

#include <catch2/catch.hpp>

namespace calsync::calendar {
namespace {

/// "|" ends a line, to keep tables short.
IcalStream read(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  return read_components(text);
}

/// UIDs of the events, "-" for none, "!" after those that never end.
std::string uids(const IcalStream& stream) {
  std::string all;
  for (const IcalObject& object : stream.objects) {
    for (const IcalComponent& event : object.events) {
      if (!all.empty()) all += ' ';
      all += event.value_of("UID").empty() ? "-" : std::string(event.value_of("UID"));
      if (!event.closed) all += '!';
    }
  }
  return all;
}

TEST_CASE("every event that begins comes out, however the file is built", "[ical][components]") {
  struct Row {
    std::string text, uids;
    std::size_t objects;
    bool complete;
  };
  const auto row = GENERATE(values<Row>({
      {"", "", 0, false},
      {"SUMMARY:x", "", 0, false},
      {"BEGIN:VCALENDAR|END:VCALENDAR", "", 1, true},
      {"begin:vcalendar|End: VCalendar ", "", 1, true},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|END:VEVENT|END:VCALENDAR", "a", 1, true},
      // Cut off: in an event, after one, in its last line.
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a", "a!", 1, false},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|END:VEVENT", "a", 1, false},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|END:VEVENT|END:VCALENDA", "a", 1, false},
      // A forgotten END, and an END that fits nothing.
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|BEGIN:VEVENT|UID:b|END:VEVENT|END:VCALENDAR", "a b", 1, true},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|END:VCALENDAR", "a", 1, true},
      {"BEGIN:VCALENDAR|END:VEVENT|BEGIN:VEVENT|END:VTODO|UID:a|END:VEVENT|END:VCALENDAR", "a", 1, true},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|BEGIN:VALARM|UID:x|END:VEVENT|END:VCALENDAR", "-", 1, true},
      // Several calendars, the last one cut; one that another begins in.
      {"BEGIN:VCALENDAR|END:VCALENDAR|BEGIN:VCALENDAR|BEGIN:VEVENT|UID:b|END:VEVENT|END:VCALENDAR", "b", 2, true},
      {"BEGIN:VCALENDAR|END:VCALENDAR|BEGIN:VCALENDAR", "", 2, false},
      {"BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|BEGIN:VCALENDAR|END:VCALENDAR", "a", 2, true},
      // No calendar round it.
      {"BEGIN:VEVENT|UID:a|END:VEVENT", "a", 1, false},
      {"BEGIN:VCALENDAR|BEGIN:VTODO|UID:t|END:VTODO|BEGIN:VJOURNAL|UID:j|END:VJOURNAL|BEGIN:VFREEBUSY|UID:f|"
       "END:VFREEBUSY|END:VCALENDAR",
       "", 1, true},
  }));
  CAPTURE(row.text);
  const IcalStream stream = read(row.text);
  CHECK(uids(stream) == row.uids);
  CHECK(stream.objects.size() == row.objects);
  CHECK(stream.complete == row.complete);
}

TEST_CASE("an alarm's properties are not its event's, yet belong to the raw text", "[ical][components]") {
  const IcalStream stream = read(
      "BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|BEGIN:VALARM|DESCRIPTION:ring|END:VALARM|DESCRIPTION:lo|  ng|END:VEVENT|"
      "END:VCALENDAR");
  REQUIRE(stream.objects.size() == 1);
  const IcalComponent& event = stream.objects[0].events.at(0);
  CHECK(event.value_of("DESCRIPTION") == "lo ng");
  CHECK(event.properties.size() == 2);
  CHECK(
      event.raw ==
      "BEGIN:VEVENT\r\nUID:a\r\nBEGIN:VALARM\r\nDESCRIPTION:ring\r\nEND:VALARM\r\nDESCRIPTION:lo ng\r\nEND:VEVENT\r\n");
}

TEST_CASE("the calendar's own properties and its zones", "[ical][components]") {
  const IcalStream stream = read(
      "BEGIN:VCALENDAR|X-WR-CALNAME: Work |BEGIN:VTIMEZONE|TZID:Z|BEGIN:STANDARD|TZOFFSETTO:+0100|END:STANDARD|"
      "BEGIN:DAYLIGHT|TZOFFSETTO:+0200|END:DAYLIGHT|END:VTIMEZONE|METHOD:PUBLISH|END:VCALENDAR");
  REQUIRE(stream.objects.size() == 1);
  const IcalObject& object = stream.objects[0];
  CHECK(object.head.value_of("X-WR-CALNAME") == "Work");
  CHECK(object.head.value_of("METHOD") == "PUBLISH");
  CHECK(object.head.find("TZID") == nullptr);
  REQUIRE(object.time_zones.size() == 1);
  CHECK(object.time_zones[0].value_of("TZID") == "Z");
  REQUIRE(object.time_zones[0].children.size() == 2);
  CHECK(object.time_zones[0].children[0].name == "STANDARD");
  CHECK(object.time_zones[0].children[1].value_of("TZOFFSETTO") == "+0200");
}

TEST_CASE("a text that a bare line feed broke is put together again", "[ical][components]") {
  const IcalStream stream =
      read("BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|stray one|SUMMARY:first|second line|END:VEVENT|END:VCALENDAR");
  const IcalComponent& event = stream.objects.at(0).events.at(0);
  CHECK(event.value_of("UID") == "a");
  CHECK(event.value_of("SUMMARY") == "first\\nsecond line");
}

TEST_CASE("of a repeated property the first counts", "[ical][components]") {
  const IcalStream stream = read("BEGIN:VCALENDAR|BEGIN:VEVENT|UID:a|UID:b|END:VEVENT|END:VCALENDAR");
  CHECK(uids(stream) == "a");
}

TEST_CASE("hostile nesting is cheap and loses no event", "[ical][components]") {
  std::string text = "BEGIN:VCALENDAR\n";
  for (int i = 0; i < 50000; ++i) text += "BEGIN:X-A\n";
  const IcalStream stream = read_components(text + "BEGIN:VEVENT\nUID:a\nEND:VEVENT\nEND:VCALENDAR\n");
  CHECK(uids(stream) == "a");
  CHECK(stream.complete);
}

}  // namespace
}  // namespace calsync::calendar
