// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_event_parser.hpp"

#include <catch2/catch.hpp>

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "common/base/json_slices.hpp"
#include "tests/support/fixture.hpp"

namespace calsync::google {
namespace {

using calendar::Event;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using calendar::Status;
using namespace std::chrono_literals;

constexpr std::string_view zone = "Europe/Lisbon";

Time at(std::string_view text) { return parse_rfc3339(text).value(); }
std::chrono::year_month_day day(std::string_view text) { return parse_date(text).value(); }

Event event_of(std::string_view item) {
  auto change = parse_event(item, zone);
  if (const auto* odd = std::get_if<EventUnreadable>(&change)) FAIL(odd->reason);
  return std::get<Event>(std::move(change));
}

EventUnreadable unreadable_of(std::string_view item) { return std::get<EventUnreadable>(parse_event(item, zone)); }

/// A timed event of one hour with more members.
std::string timed(const std::string& more) {
  return R"({"id":"e1","start":{"dateTime":"2026-03-02T09:00:00Z"},"end":{"dateTime":"2026-03-02T10:00:00Z"})" +
         (more.empty() ? "" : "," + more) + "}";
}

/// Items of tests/fixtures/google/events_full.json by position.
std::string item(std::size_t index) {
  const std::string page = testing::read_fixture("google/events_full.json");
  return std::string(json::element_slices(*json::member_slice(page, "items")).value().at(index));
}

TEST_CASE("a single timed event with guests", "[google][event]") {
  const std::string text = item(0);
  const Event event = event_of(text);
  CHECK(event.external_event_id == "5c1m8kq0");
  CHECK(event.ical_uid == "5c1m8kq0@google.com");
  CHECK(event.title == "Haircut — Zoë");
  CHECK(event.description == "<b>Bring</b> the card");
  CHECK(event.location == "Rua Augusta 1");
  CHECK(event.organizer == "ana.silva@example.com");
  CHECK(event.start.instant == at("2026-03-02T08:00:00Z"));
  CHECK(event.end.instant == at("2026-03-02T09:30:00Z"));
  CHECK(event.time_zone == "Europe/Paris");
  CHECK_FALSE(event.is_all_day);
  CHECK(event.status == Status::confirmed);
  CHECK(event.is_busy);
  CHECK(event.visibility == "default");
  CHECK(event.recurrence.empty());
  CHECK(event.recurring_event_id.empty());
  CHECK(event.original_start.empty());
  CHECK(event.etag == "\"3544819200000000\"");
  CHECK(event.sequence == 2);
  CHECK(event.raw_payload == text);
  REQUIRE(event.attendees.size() == 3);
  CHECK(event.attendees[0].self);
  CHECK(event.attendees[0].organizer);
  CHECK(event.attendees[0].response == "accepted");
  CHECK(event.attendees[1].email == "zoe@example.org");
  CHECK(event.attendees[1].name == "Zoë");
  CHECK(event.attendees[1].optional);
  CHECK(event.attendees[1].response == "tentative");
  CHECK(event.attendees[2].response == "needsAction");
}

TEST_CASE("an all-day event stays dates, over a change of the clocks too", "[google][event]") {
  const Event event = event_of(item(1));
  CHECK(event.is_all_day);
  CHECK(event.start.date == day("2026-03-29"));
  CHECK(event.end.date == day("2026-03-31"));
  CHECK_FALSE(event.start.instant);
  CHECK_FALSE(event.end.instant);
  CHECK(event.time_zone.empty());
}

TEST_CASE("a recurring master keeps its lines and its own zone", "[google][event]") {
  const Event event = event_of(item(2));
  CHECK(event.recurrence ==
        std::vector<std::string>{"RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/London:20260309T090000"});
  CHECK(event.time_zone == "Europe/London");
  CHECK(event.start.time_zone == "Europe/London");
  CHECK(event.recurring_event_id.empty());
}

TEST_CASE("a moved occurrence names its master and the occurrence", "[google][event]") {
  const Event event = event_of(item(3));
  CHECK(event.recurring_event_id == "weekly01");
  CHECK(event.original_start.instant == at("2026-03-16T09:00:00Z"));
  CHECK(event.start.instant == at("2026-03-16T11:00:00Z"));
  CHECK(event.recurrence.empty());
  CHECK(event.is_busy);
}

TEST_CASE("a removed occurrence subtracts itself", "[google][event]") {
  const Event event = event_of(item(4));
  CHECK(event.external_event_id == "weekly01_20260323T090000Z");
  CHECK(event.status == Status::cancelled);
  CHECK_FALSE(event.is_busy);
  CHECK(event.recurring_event_id == "weekly01");
  CHECK(event.original_start.instant == at("2026-03-23T09:00:00Z"));
  CHECK(event.start.empty());
  CHECK(event.end.empty());
  CHECK_FALSE(event.is_all_day);
  CHECK(event.etag == "\"3544819200000004\"");
}

TEST_CASE("a removed all-day occurrence is known by its date", "[google][event]") {
  const Event event = event_of(
      R"({"id":"m_20260302","status":"cancelled","recurringEventId":"m","originalStartTime":{"date":"2026-03-02"}})");
  CHECK(event.original_start.date == day("2026-03-02"));
  CHECK(event.is_all_day);
  CHECK(event.time_zone.empty());
}

TEST_CASE("an occurrence of a series that is now all-day keeps the old shape of its original start",
          "[google][event]") {
  const Event event =
      event_of(R"({"id":"m_1","recurringEventId":"m","originalStartTime":{"dateTime":"2026-03-02T09:00:00+01:00"},
                                   "start":{"date":"2026-03-02"},"end":{"date":"2026-03-03"}})");
  CHECK(event.is_all_day);
  CHECK(event.original_start.instant == at("2026-03-02T08:00:00Z"));
}

TEST_CASE("cancelled items are never asked for their times", "[google][event]") {
  const auto text =
      GENERATE(as<std::string>(), R"({"id":"gone","status":"cancelled"})",
               R"({"id":"gone","status":"cancelled","kind":"calendar#event","etag":"\"1\""})",
               // The organizer's copy keeps its details, whole or broken.
               R"({"id":"gone","status":"cancelled","start":{"date":"nonsense"},"summary":"x","recurrence":7})",
               R"({"id":"gone","status":"cancelled","recurringEventId":""})");
  CAPTURE(text);
  CHECK(std::get<EventRemoved>(parse_event(text, zone)).external_event_id == "gone");
}

TEST_CASE("what is busy", "[google][event]") {
  struct Row {
    std::string more;
    bool busy;
    Status status;
  };
  const auto row = GENERATE(values<Row>({
      {"", true, Status::confirmed},
      {R"("status":"confirmed","transparency":"opaque")", true, Status::confirmed},
      {R"("transparency":"transparent")", false, Status::confirmed},
      {R"("status":"tentative")", true, Status::tentative},
      {R"("status":"somethingNew")", true, Status::confirmed},
      {R"("eventType":"default")", true, Status::confirmed},
      {R"("eventType":"workingLocation","transparency":"opaque")", false, Status::confirmed},
      {R"("eventType":"outOfOffice")", true, Status::confirmed},
      {R"("eventType":"focusTime")", true, Status::confirmed},
      {R"("eventType":"fromGmail")", true, Status::confirmed},
      {R"("eventType":"birthday","transparency":"transparent")", false, Status::confirmed},
      {R"("eventType":"somethingNew")", true, Status::confirmed},
      {R"("attendees":[{"self":true,"responseStatus":"declined"}])", false, Status::confirmed},
      {R"("attendees":[{"self":true,"responseStatus":"tentative"}])", true, Status::confirmed},
      {R"("attendees":[{"self":true,"responseStatus":"needsAction"}])", true, Status::confirmed},
      {R"("attendees":[{"self":true}])", true, Status::confirmed},
      {R"("attendees":[{"email":"other@example.com","responseStatus":"declined"}])", true, Status::confirmed},
      {R"("attendees":[{"email":"a@example.com","responseStatus":"accepted"},{"self":true,"responseStatus":"declined"}])",
       false, Status::confirmed},
      {R"("attendees":[7,null,"x"])", true, Status::confirmed},
  }));
  CAPTURE(row.more);
  const Event event = event_of(timed(row.more));
  CHECK(event.is_busy == row.busy);
  CHECK(event.status == row.status);
}

TEST_CASE("times in every shape", "[google][event]") {
  struct Row {
    std::string start, instant, zone;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"dateTime":"2026-03-02T09:00:00Z"})", "2026-03-02T09:00:00Z", "Europe/Lisbon"},
      {R"({"dateTime":"2026-03-02T09:00:00-03:00","timeZone":"America/Sao_Paulo"})", "2026-03-02T12:00:00Z",
       "America/Sao_Paulo"},
      // The offset is that of the answer's zone, not of the event's: instants count.
      {R"({"dateTime":"2026-03-02T09:00:00+05:30","timeZone":"Europe/Paris"})", "2026-03-02T03:30:00Z", "Europe/Paris"},
      {R"({"dateTime":"2026-03-02t09:00:00.250z"})", "2026-03-02T09:00:00.25Z", "Europe/Lisbon"},
      {R"({"dateTime":"2026-03-02T09:00:00","timeZone":"Europe/Paris"})", "2026-03-02T08:00:00Z", "Europe/Paris"},
      {R"({"dateTime":"2026-07-02T09:00:00.5","timeZone":"America/New_York"})", "2026-07-02T13:00:00.5Z",
       "America/New_York"},
      {R"({"dateTime":"2026-07-02T09:00:00"})", "2026-07-02T08:00:00Z", "Europe/Lisbon"},
      // Zones as other vendors name them; with an offset an unknown one costs nothing.
      {R"({"dateTime":"2026-07-02T09:00:00","timeZone":"W. Europe Standard Time"})", "2026-07-02T07:00:00Z",
       "Europe/Berlin"},
      {R"({"dateTime":"2026-03-02T09:00:00","timeZone":"europe/paris"})", "2026-03-02T08:00:00Z", "Europe/Paris"},
      {R"({"dateTime":"2026-03-02T09:00:00+01:00","timeZone":"Mars/Olympus"})", "2026-03-02T08:00:00Z",
       "Europe/Lisbon"},
      // Clocks went from 02:00 to 03:00 in Paris (RFC 5545 section 3.3.5: the offset from before the gap), and back at
      // 03:00.
      {R"({"dateTime":"2026-03-29T02:30:00","timeZone":"Europe/Paris"})", "2026-03-29T01:30:00Z", "Europe/Paris"},
      {R"({"dateTime":"2026-10-25T02:30:00","timeZone":"Europe/Paris"})", "2026-10-25T00:30:00Z", "Europe/Paris"},
      {R"({"dateTime":"2026-03-02T09:00:00Z","date":null,"timeZone":null})", "2026-03-02T09:00:00Z", "Europe/Lisbon"},
  }));
  CAPTURE(row.start);
  const Event event = event_of(R"({"id":"e","start":)" + row.start + R"(,"end":{"dateTime":"2027-01-01T00:00:00Z"}})");
  CHECK(event.start.instant == at(row.instant));
  CHECK(event.start.time_zone == row.zone);
  CHECK(event.time_zone == row.zone);
}

TEST_CASE("an event may have no length", "[google][event]") {
  const Event event = event_of(
      R"({"id":"e","start":{"dateTime":"2026-03-02T09:00:00Z"},"end":{"dateTime":"2026-03-02T10:00:00+01:00"}})");
  CHECK(event.start.instant == event.end.instant);
}

TEST_CASE("optional fields may be absent, null or of a wrong type", "[google][event]") {
  for (const char* more :
       {"", R"("summary":null,"attendees":null,"organizer":null,"sequence":null,"visibility":null)",
        R"("summary":7,"attendees":{},"organizer":"x","sequence":"many","visibility":[],"description":{})"}) {
    CAPTURE(more);
    const Event event = event_of(timed(more));
    CHECK(event.title.empty());
    CHECK(event.description.empty());
    CHECK(event.organizer.empty());
    CHECK(event.attendees.empty());
    CHECK(event.sequence == 0);
    CHECK(event.visibility == "default");
  }
  const Event event = event_of(
      timed(R"("visibility":"private","sequence":"12","recurrence":[],"organizer":{"displayName":"no address"})"));
  CHECK(event.visibility == "private");
  CHECK(event.sequence == 12);
  CHECK(event.recurrence.empty());
  CHECK(event.organizer.empty());
}

TEST_CASE("without an etag the version is a fingerprint of the bytes", "[google][event]") {
  const Event event = event_of(timed(""));
  CHECK(event.etag == "sha256:" + sha256_hex(timed("")));
  CHECK(event_of(timed(R"("etag":"")")).etag.starts_with("sha256:"));
  CHECK(event_of(timed(R"("summary":"x")")).etag != event.etag);
}

TEST_CASE("an event nobody can understand says why and keeps its bytes", "[google][event]") {
  struct Row {
    std::string text, reason;
  };
  const std::string start = R"("start":{"dateTime":"2026-03-02T09:00:00Z"})";
  const std::string end = R"("end":{"dateTime":"2026-03-02T10:00:00Z"})";
  const auto row = GENERATE_COPY(values<Row>({
      {R"({"id":"e","etag":"1","iCalUID":"u",)" + end + "}", "its start is missing"},
      {R"({"id":"e","etag":"1","iCalUID":"u",)" + start + "}", "its end is missing"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":null,)" + end + "}", "its start is missing"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":"2026-03-02",)" + end + "}", "its start is missing"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{},)" + end + "}", "neither a date nor a date-time"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"dateTime":7},)" + end + "}", "neither a date nor a date-time"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"date":"2026-02-30"},)" + end + "}", "start is not a date"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"date":"0000-01-01"},)" + end + "}", "start is not a date"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"dateTime":"tomorrow"},)" + end + "}",
       "start is not a date-time"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"dateTime":"2026-03-02T25:00:00Z"},)" + end + "}",
       "start is not a date-time"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"dateTime":"2026-03-02T09:00:00","timeZone":"Mars/Olympus"},)" +
           end + "}",
       "time zone is not known"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"dateTime":"9999-12-31T23:59:59-12:00"},)" + end + "}",
       "out of range"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"date":"2026-03-02"},)" + end + "}", "the other a date-time"},
      {R"({"id":"e","etag":"1","iCalUID":"u",)" + start + R"(,"end":{"dateTime":"2026-03-02T08:59:59Z"}})",
       "ends before it starts"},
      {R"({"id":"e","etag":"1","iCalUID":"u","start":{"date":"2026-03-02"},"end":{"date":"2026-03-01"}})",
       "ends before it starts"},
      {R"({"id":"e","etag":"1","iCalUID":"u","recurrence":"RRULE:FREQ=DAILY",)" + start + "," + end + "}",
       "recurrence is not a list"},
      {R"({"id":"e","etag":"1","iCalUID":"u","recurrence":["RRULE:FREQ=DAILY",7],)" + start + "," + end + "}",
       "is not text"},
      {R"({"id":"e","etag":"1","iCalUID":"u","recurringEventId":"m",)" + start + "," + end + "}",
       "its originalStartTime is missing"},
      {R"({"id":"e","etag":"1","iCalUID":"u","recurringEventId":7,)" + start + "," + end + "}",
       "its recurringEventId is not text"},
      {R"({"id":"e","etag":"1","iCalUID":"u","status":7,)" + start + "," + end + "}", "its status is not text"},
      {R"({"id":"e","etag":"1","iCalUID":"u","status":"cancelled","recurringEventId":"m"})",
       "its originalStartTime is missing"},
  }));
  CAPTURE(row.text);
  const EventUnreadable odd = unreadable_of(row.text);
  CHECK(odd.external_event_id == "e");
  CHECK(odd.ical_uid == "u");
  CHECK(odd.etag == "1");
  CHECK(odd.raw_payload == row.text);
  CHECK_THAT(odd.reason, Catch::StartsWith("an event cannot be understood: ") && Catch::Contains(row.reason));
}

TEST_CASE("a wall time needs a zone from somewhere", "[google][event]") {
  const auto change = parse_event(
      R"({"id":"e","start":{"dateTime":"2026-03-02T09:00:00"},"end":{"dateTime":"2026-03-02T10:00:00"}})", "");
  CHECK_THAT(std::get<EventUnreadable>(change).reason, Catch::Contains("neither an offset nor a time zone"));
}

TEST_CASE("an item without an id is keyed by its bytes", "[google][event]") {
  for (const char* text : {R"({"summary":"x"})", R"({"id":""})", R"({"id":7,"status":"cancelled"})", "7", "[]", "null",
                           "{broken", "{\"id\":"}) {
    CAPTURE(text);
    const EventUnreadable odd = unreadable_of(text);
    CHECK(odd.external_event_id == "unidentified-" + sha256_hex(text).substr(0, 32));
    CHECK(unreadable_of(text).external_event_id == odd.external_event_id);
    CHECK(json::parse(odd.raw_payload).has_value());
  }
}

TEST_CASE("bytes that no JSON column takes are kept as text, or as base64", "[google][event]") {
  const std::string huge = R"({"id":"e","n":-9888888e888888})";
  const EventUnreadable odd = unreadable_of(huge);
  CHECK(odd.external_event_id == "e");
  CHECK(odd.etag == "sha256:" + sha256_hex(huge));
  CHECK(json::text_at(json::parse(odd.raw_payload).value(), "unparsed") == huge);

  const std::string latin = "{\"id\":\"e\",\"summary\":\"caf\xe9\"}";
  const EventUnreadable bytes = unreadable_of(latin);
  CHECK(bytes.external_event_id == "e");
  const auto kept = json::parse(bytes.raw_payload);
  REQUIRE(kept.has_value());
  CHECK(decode_base64(json::text_at(*kept, "unparsed_base64url")) == latin);
}

TEST_CASE("a NUL in a title poisons nothing", "[google][event]") {
  const Event event = event_of(timed(R"("summary":"a\u0000b","description":"C:\\u0000")"));
  CHECK(event.title == "a\uFFFDb");
  CHECK(event.description == "C:\\u0000");
  CHECK(event.raw_payload.find(R"(a\u0000b)") == std::string::npos);
  CHECK(json::parse(event.raw_payload).has_value());
}

TEST_CASE("numbers keep their own spelling in the raw payload", "[google][event]") {
  const std::string text = timed(R"("extra": 1.10, "big": 12345678901234567890123, "list": [ 1 , 2 ])");
  CHECK(event_of(text).raw_payload == text);
}

}  // namespace
}  // namespace calsync::google
