// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_event.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "common/calendar/ical_people.hpp"

namespace calsync::calendar {
namespace {

/// A VEVENT of these lines; "|" ends a line.
IcalEvent read(std::string lines, bool cancelled = false) {
  lines = "BEGIN:VCALENDAR|BEGIN:VEVENT|" + lines + "|END:VEVENT|END:VCALENDAR|";
  std::replace(lines.begin(), lines.end(), '|', '\n');
  const IcalStream stream = read_components(lines);
  IcalZones zones(stream.objects.at(0), {});
  return read_event(stream.objects.at(0).events.at(0), zones, cancelled);
}

Event event_of(const std::string& lines) {
  IcalEvent one = read(lines);
  if (!one.problem.empty()) FAIL(one.problem);
  return one.event;
}

const std::string timed = "UID:a|DTSTART:20260302T090000Z|DTEND:20260302T100000Z";

TEST_CASE("an event's texts", "[ical][event]") {
  const Event event = event_of(timed +
                               "|SUMMARY:Tea\\, cake\\nand more|SUMMARY:second|LOCATION:Rua\\; "
                               "1|DESCRIPTION:one|DESCRIPTION:two|SEQUENCE:7|CLASS:private");
  CHECK(event.ical_uid == "a");
  CHECK(event.title == "Tea, cake\nand more");
  CHECK(event.location == "Rua; 1");
  CHECK(event.description == "one\ntwo");
  CHECK(event.sequence == 7);
  CHECK(event.visibility == "private");
  CHECK(event.external_event_id.empty());
  CHECK(event.etag.empty());
  const auto raw = json::parse(event.raw_payload);
  REQUIRE(raw.has_value());
  CHECK(json::text_at(*raw, "ics").starts_with("BEGIN:VEVENT\r\nUID:a\r\n"));
}

TEST_CASE("when an event starts and ends", "[ical][event]") {
  struct Row {
    std::string lines, start, end, zone;
  };
  const auto row = GENERATE(values<Row>({
      {"DTSTART:20260302T090000Z|DTEND:20260302T100000Z", "20260302T090000Z", "20260302T100000Z", ""},
      {"DTSTART:20260302T090000Z", "20260302T090000Z", "20260302T090000Z", ""},
      {"DTSTART:20260302T090000Z|DTEND:", "20260302T090000Z", "20260302T090000Z", ""},
      {"DTSTART:20260302T090000Z|DURATION:PT90M", "20260302T090000Z", "20260302T103000Z", ""},
      {"DTSTART:20260302T090000Z|DTEND:20260302T100000Z|DURATION:PT5H", "20260302T090000Z", "20260302T100000Z", ""},
      {"DTSTART;TZID=Europe/Paris:20260328T120000|DURATION:P1D", "20260328T110000Z", "20260329T100000Z",
       "Europe/Paris"},
      // A flight: two zones.
      {"DTSTART;TZID=Europe/Paris:20260302T090000|DTEND;TZID=America/New_York:20260302T110000", "20260302T080000Z",
       "20260302T160000Z", "Europe/Paris"},
      {"DTSTART;VALUE=DATE:20260302", "20260302", "20260303", ""},
      {"DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260304", "20260302", "20260304", ""},
      {"DTSTART;VALUE=DATE:20260302|DTEND;VALUE=DATE:20260302", "20260302", "20260303", ""},
      {"DTSTART;VALUE=DATE:20260228|DURATION:P1W", "20260228", "20260307", ""},
      {"DTSTART;VALUE=DATE:20260228|DURATION:PT0S", "20260228", "20260301", ""},
      {"DTSTART;VALUE=DATE:99991230", "99991230", "99991231", ""},
  }));
  CAPTURE(row.lines);
  const Event event = event_of("UID:a|" + row.lines);
  CHECK(basic_form(event.start) == row.start);
  CHECK(basic_form(event.end) == row.end);
  CHECK(event.time_zone == row.zone);
  CHECK(event.is_all_day == (row.start.size() == 8));
}

TEST_CASE("events that cannot be understood say why", "[ical][event]") {
  const std::pair<std::string, std::string> rows[] = {
      {"UID:a", "it has no DTSTART"},
      {"DTSTART: ", "it has no DTSTART"},
      {"DTSTART:soon", "its DTSTART is not a date or date-time"},
      {"DTSTART:20260302T090000Z|DTEND:20260302T085959Z", "it ends before it starts"},
      {"DTSTART:20260302|DTEND:20260301", "it ends before it starts"},
      {"DTSTART:20260302T090000Z|DURATION:-PT1H", "it ends before it starts"},
      {"DTSTART:20260302T090000Z|DURATION:P1Y", "its DURATION cannot be understood"},
      {"DTSTART:99991231T230000Z|DURATION:PT1H", "its DURATION leads out of range"},
      {"DTSTART:99991231", "its end is out of range"},
      {"DTSTART:99991231|DTEND:99991231", "its end is out of range"},
      {"DTSTART:20260302|DTEND:20260302T090000Z", "one of its DTSTART and DTEND is a date and the other a date-time"},
      {"DTSTART:20260302T090000Z|DTEND:later", "its DTEND is not a date or date-time"},
      {"DTSTART;TZID=Mars:20260302T090000", "the time zone of its DTSTART is not known: Mars"},
      {timed + "|RRULE:FREQ=FORTNIGHTLY", "its RRULE cannot be understood"},
      {timed + "|RECURRENCE-ID:first", "its RECURRENCE-ID is not a date or date-time"}};
  for (const auto& [lines, problem] : rows) {
    CAPTURE(lines);
    const IcalEvent one = read(lines);
    CHECK(one.problem == problem);
    CHECK_FALSE(one.event.raw_payload.empty());
  }
}

TEST_CASE("status, busy, visibility", "[ical][event]") {
  struct Row {
    std::string lines;
    Status status;
    bool busy;
    std::string visibility;
  };
  const auto row = GENERATE(values<Row>({
      {"X-A:1", Status::confirmed, true, "default"},
      {"STATUS:TENTATIVE", Status::tentative, true, "default"},
      {"STATUS:cancelled", Status::cancelled, false, "default"},
      {"STATUS:CANCELED", Status::cancelled, false, "default"},
      {"STATUS:odd", Status::confirmed, true, "default"},
      {"TRANSP:TRANSPARENT", Status::confirmed, false, "default"},
      {"TRANSP:transparent ", Status::confirmed, false, "default"},
      {"TRANSP:OPAQUE|X-MICROSOFT-CDO-BUSYSTATUS:FREE", Status::confirmed, true, "default"},
      {"X-MICROSOFT-CDO-BUSYSTATUS:FREE", Status::confirmed, false, "default"},
      {"X-MICROSOFT-CDO-BUSYSTATUS:OOF", Status::confirmed, true, "default"},
      {"CLASS:PUBLIC", Status::confirmed, true, "public"},
      {"CLASS:confidential", Status::confirmed, true, "confidential"},
      {"CLASS:X-SECRET", Status::confirmed, true, "private"},
  }));
  CAPTURE(row.lines);
  const Event event = event_of(timed + "|" + row.lines);
  CHECK(event.status == row.status);
  CHECK(event.is_busy == row.busy);
  CHECK(event.visibility == row.visibility);
  CHECK(read(timed + "|" + row.lines, true).event.status == Status::cancelled);
}

TEST_CASE("recurrence lines stay as they stand, and an exception has none", "[ical][event]") {
  const std::string lines =
      timed + "|RRULE:FREQ=DAILY;COUNT=3|EXDATE;TZID=Europe/Paris:20260303T100000|RDATE:|EXRULE:FREQ=DAILY";
  const Event master = event_of(lines);
  CHECK(master.recurrence == std::vector<std::string>{"RRULE:FREQ=DAILY;COUNT=3",
                                                      "EXDATE;TZID=Europe/Paris:20260303T100000", "EXRULE:FREQ=DAILY"});
  const IcalEvent exception = read(lines + "|RECURRENCE-ID;TZID=Europe/Paris:20260302T100000");
  CHECK(exception.problem.empty());
  CHECK(exception.event.recurrence.empty());
  CHECK(exception.recurrence_key == "20260302T090000Z");
  CHECK(read(timed + "|RECURRENCE-ID;VALUE=DATE:20260302").recurrence_key == "20260302");
}

TEST_CASE("numbers that are none, and time stamps", "[ical][event]") {
  for (const char* sequence : {"", "x", "99999999999999999999", "-9888888e888888"}) {
    CAPTURE(sequence);
    CHECK(read(timed + "|SEQUENCE:" + sequence).problem.empty());
  }
  CHECK(event_of(timed + "|SEQUENCE:99999999999999999999").sequence == 0);
  CHECK(read(timed + "|DTSTAMP:1|LAST-MODIFIED:2").modified == "2");
  CHECK(read(timed + "|DTSTAMP:1").modified == "1");
  CHECK(read(timed + "|DTSTAMP:1|LAST-MODIFIED:2|CREATED:3").digest == read(timed).digest);
  CHECK(read(timed + "|SUMMARY:x").digest != read(timed).digest);
}

TEST_CASE("organizer and guests", "[ical][people]") {
  struct Row {
    std::string line, email, name, response;
    bool optional;
    bool organizer;
  };
  const Row rows[] = {
      {"ATTENDEE:mailto:a@b.test", "a@b.test", "", "needsAction", false, false},
      {"ATTENDEE;CN=\"Doe, Ann\";PARTSTAT=ACCEPTED:MAILTO: a@b.test ", "a@b.test", "Doe, Ann", "accepted", false,
       false},
      {"ATTENDEE;PARTSTAT=declined;ROLE=opt-participant:mailto:a@b.test", "a@b.test", "", "declined", true, false},
      {"ATTENDEE;PARTSTAT=TENTATIVE;ROLE=CHAIR:mailto:BOSS@b.test", "BOSS@b.test", "", "tentative", false, true},
      {"ATTENDEE;PARTSTAT=DELEGATED:mailto:a@b.test", "a@b.test", "", "needsAction", false, false},
      {"ATTENDEE;EMAIL=a@b.test:urn:uuid:1", "a@b.test", "", "needsAction", false, false},
      {"ATTENDEE:urn:uuid:1", "urn:uuid:1", "", "needsAction", false, false},
      {"ATTENDEE:invalid:nomail", "invalid:nomail", "", "needsAction", false, false},
      {"ATTENDEE:", "", "", "needsAction", false, false}};
  for (const Row& row : rows) {
    CAPTURE(row.line);
    const Event event = event_of(timed + "|ORGANIZER;CN=Boss:mailto:boss@b.test|" + row.line);
    CHECK(event.organizer == "boss@b.test");
    REQUIRE(event.attendees.size() == 1);
    CHECK(event.attendees[0].email == row.email);
    CHECK(event.attendees[0].name == row.name);
    CHECK(event.attendees[0].response == row.response);
    CHECK(event.attendees[0].optional == row.optional);
    CHECK(event.attendees[0].organizer == row.organizer);
    CHECK_FALSE(event.attendees[0].self);
  }
  CHECK(event_of(timed).organizer.empty());
  CHECK_FALSE(event_of(timed + "|ATTENDEE:").attendees.at(0).organizer);
}

}  // namespace
}  // namespace calsync::calendar
