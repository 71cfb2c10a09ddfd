// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

namespace calsync::calendar {
namespace {

using namespace std::chrono_literals;

Event sample() {
  Event event;
  event.external_event_id = "id";
  event.ical_uid = "uid";
  event.title = "title";
  event.description = "description";
  event.location = "location";
  event.organizer = "boss@b.test";
  event.attendees = {{"a@b.test", "Ann", "accepted", false, false, false}};
  event.start.instant = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 9h;
  event.start.time_zone = "Europe/Paris";
  event.end.instant = *event.start.instant + 1h;
  event.end.time_zone = "Europe/Paris";
  event.time_zone = "Europe/Paris";
  event.visibility = "default";
  event.recurrence = {"RRULE:FREQ=DAILY"};
  event.recurring_event_id = "master";
  event.original_start = event.start;
  return event;
}

struct Change {
  const char* name;
  std::function<void(Event&)> make;
  bool content;  ///< also of the content key
};

const std::vector<Change>& changes() {
  static const std::vector<Change> all{
      {"external_event_id", [](Event& e) { e.external_event_id += "x"; }, false},
      {"ical_uid", [](Event& e) { e.ical_uid += "x"; }, false},
      {"title", [](Event& e) { e.title += "x"; }, true},
      {"description", [](Event& e) { e.description += "x"; }, false},
      {"location", [](Event& e) { e.location += "x"; }, false},
      {"organizer", [](Event& e) { e.organizer += "x"; }, false},
      {"no attendee", [](Event& e) { e.attendees.clear(); }, false},
      {"another attendee", [](Event& e) { e.attendees.emplace_back(); }, false},
      {"email", [](Event& e) { e.attendees[0].email += "x"; }, false},
      {"name", [](Event& e) { e.attendees[0].name += "x"; }, false},
      {"response", [](Event& e) { e.attendees[0].response = "declined"; }, false},
      {"optional", [](Event& e) { e.attendees[0].optional = true; }, false},
      {"attendee is organizer", [](Event& e) { e.attendees[0].organizer = true; }, false},
      {"self", [](Event& e) { e.attendees[0].self = true; }, false},
      {"start", [](Event& e) { *e.start.instant += 1us; }, true},
      {"start's zone", [](Event& e) { e.start.time_zone = "Europe/Berlin"; }, true},
      {"start as date", [](Event& e) { e.start = {{}, std::chrono::year(2026) / 3 / 2, {}}; }, true},
      {"end", [](Event& e) { *e.end.instant += 1s; }, true},
      {"no end", [](Event& e) { e.end = {}; }, true},
      {"is_all_day", [](Event& e) { e.is_all_day = true; }, false},
      {"time_zone", [](Event& e) { e.time_zone = "UTC"; }, false},
      {"tentative", [](Event& e) { e.status = Status::tentative; }, false},
      {"cancelled", [](Event& e) { e.status = Status::cancelled; }, false},
      {"is_busy", [](Event& e) { e.is_busy = false; }, false},
      {"visibility", [](Event& e) { e.visibility = "private"; }, false},
      {"another rule", [](Event& e) { e.recurrence.emplace_back("EXDATE:20260303T080000Z"); }, true},
      {"no rule", [](Event& e) { e.recurrence.clear(); }, true},
      {"recurring_event_id", [](Event& e) { e.recurring_event_id.clear(); }, false},
      {"original_start", [](Event& e) { *e.original_start.instant += 24h; }, true},
      {"sequence", [](Event& e) { e.sequence = 1; }, false},
      // A letter that moves from one field to the next.
      {"title to description", [](Event& e) { e.title = "titl", e.description = "edescription"; }, true},
      {"name to email", [](Event& e) { e.attendees[0].email = "a@b.testA", e.attendees[0].name = "nn"; }, false},
      {"lengths in texts", [](Event& e) { e.title = "title11:description", e.description.clear(); }, true},
  };
  return all;
}

TEST_CASE("each field that a reader sees is in the fingerprint", "[fingerprint]") {
  std::set<std::string> seen{fingerprint(sample())};
  for (const Change& change : changes()) {
    CAPTURE(change.name);
    Event event = sample();
    change.make(event);
    CHECK(seen.insert(fingerprint(event)).second);
  }
}

TEST_CASE("etag and raw bytes are not", "[fingerprint]") {
  Event event = sample();
  event.etag = "other";
  event.raw_payload = "{\"ics\":\"DTSTAMP\"}";
  CHECK(fingerprint(event) == fingerprint(sample()));
  CHECK(content_key(event) == content_key(sample()));
}

TEST_CASE("a content key has what makes an event the same for a person", "[fingerprint]") {
  for (const Change& change : changes()) {
    CAPTURE(change.name);
    Event event = sample();
    change.make(event);
    CHECK((content_key(event) != content_key(sample())) == change.content);
  }
}

TEST_CASE("both are 32 hex digits", "[fingerprint]") {
  for (const std::string& text : {fingerprint({}), content_key({}), fingerprint(sample()), content_key(sample())}) {
    CHECK(text.size() == 32);
    CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
}

}  // namespace
}  // namespace calsync::calendar
