// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/base/json_slices.hpp"
#include "common/providers/microsoft/graph_event.hpp"
#include "common/providers/microsoft/graph_time.hpp"
#include "tests/support/fixture.hpp"

namespace calsync::microsoft {
namespace {

using calendar::Event;
using calendar::EventChange;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using calendar::Status;

Time at(std::string_view text) { return parse_rfc3339(text).value(); }
std::chrono::year_month_day day(std::string_view text) { return parse_date(text).value(); }

EventChange change_of(std::string_view item) {
  DeltaItem parsed = parse_delta_item(item);
  REQUIRE(std::holds_alternative<EventChange>(parsed));
  return std::get<EventChange>(std::move(parsed));
}

Event event_of(std::string_view item) {
  EventChange change = change_of(item);
  if (const auto* odd = std::get_if<EventUnreadable>(&change)) FAIL(odd->reason);
  return std::get<Event>(std::move(change));
}

EventUnreadable unreadable_of(std::string_view item) { return std::get<EventUnreadable>(change_of(item)); }

/// A timed event of one hour with more members.
std::string timed(const std::string& more) {
  return R"({"id":"e1","start":{"dateTime":"2026-03-02T09:00:00.0000000","timeZone":"UTC"},)"
         R"("end":{"dateTime":"2026-03-02T10:00:00.0000000","timeZone":"UTC"})" +
         (more.empty() ? "" : "," + more) + "}";
}

std::string times(const std::string& start, const std::string& end, const std::string& more = "") {
  return R"({"id":"e1","start":)" + start + R"(,"end":)" + end + (more.empty() ? "" : "," + more) + "}";
}

/// Items of tests/fixtures/microsoft/delta_full.json by position.
std::string item(std::size_t index) {
  const std::string page = testing::read_fixture("microsoft/delta_full.json");
  return std::string(json::element_slices(*json::member_slice(page, "value")).value().at(index));
}

}  // namespace

TEST_CASE("a single event of Graph with guests", "[microsoft][event]") {
  const std::string text = item(0);
  const Event event = event_of(text);
  CHECK(event.external_event_id == "AAkALsingle1=");
  CHECK(event.ical_uid == "040000008200E00074C5B7101A82E00801");
  CHECK(event.title == "Haircut — Zoë 💇");
  CHECK(event.description == "Bring the card");
  CHECK(event.location == "Rua Augusta 1");
  CHECK(event.organizer == "ana@example.com");
  CHECK(event.start.instant == at("2026-03-02T08:00:00Z"));
  CHECK(event.end.instant == at("2026-03-02T09:30:00Z"));
  CHECK(event.time_zone == "Europe/Berlin");
  CHECK(event.status == Status::confirmed);
  CHECK(event.is_busy);
  CHECK(event.visibility == "private");
  CHECK(event.etag == "W/\"DwAAABYAAAB1\"");
  CHECK(event.raw_payload == text);
  CHECK(event.recurring_event_id.empty());
  REQUIRE(event.attendees.size() == 3);
  CHECK(event.attendees[0].response == "accepted");
  CHECK(event.attendees[0].name == "Bo Lind");
  CHECK(event.attendees[1].optional);
  CHECK(event.attendees[1].response == "needsAction");
  CHECK(event.attendees[2].response == "tentative");
}

TEST_CASE("an all-day event is dates, whatever the zone", "[microsoft][event]") {
  const Event event = event_of(item(1));
  CHECK(event.is_all_day);
  CHECK(event.start.date == day("2026-03-29"));
  CHECK(event.end.date == day("2026-03-30"));
  CHECK_FALSE(event.start.instant);
  CHECK(event.time_zone.empty());
  // A server that converts midnight after all.
  struct Row {
    std::string start, end;
  };
  const auto row = GENERATE(values<Row>({{"2026-03-28T23:00:00.0000000", "2026-03-29T22:00:00.0000000"},
                                         {"2026-03-29T07:00:00.0000000", "2026-03-30T07:00:00.0000000"},
                                         {"2026-03-29T00:00:00", "2026-03-30T00:00:00"}}));
  const auto text = [](const std::string& time) { return R"({"dateTime":")" + time + R"(","timeZone":"UTC"})"; };
  const Event shifted = event_of(times(text(row.start), text(row.end), R"("isAllDay":true)"));
  CHECK(shifted.start.date == day("2026-03-29"));
  CHECK(shifted.end.date == day("2026-03-30"));
}

TEST_CASE("items of a series name it, and nothing else", "[microsoft][event]") {
  const auto touched = [](const std::string& text) {
    const DeltaItem parsed = parse_delta_item(text);
    const auto* series = std::get_if<SeriesTouched>(&parsed);
    return series ? series->master_id : "none";
  };
  CHECK(touched(item(2)) == "AAkALmaster=");
  CHECK(touched(item(3)) == "AAkALmaster=");
  CHECK(touched(R"({"id":"x","type":"exception","seriesMasterId":"m"})") == "m");
  CHECK(touched(R"({"id":"x","type":"SeriesMaster"})") == "x");
  CHECK(touched(R"({"id":"x","recurrence":{}})") == "x");
  CHECK(touched(timed(R"("type":"singleInstance","seriesMasterId":null,"recurrence":null)")) == "none");
  CHECK(touched(timed(R"("type":"somethingNew")")) == "none");
}

TEST_CASE("removed items are gone, whatever the reason", "[microsoft][event]") {
  const auto text = GENERATE(values<std::string>({
      R"({"@odata.type":"#microsoft.graph.event","id":"AAkALgone=","@removed":{"reason":"deleted"}})",
      R"({"id":"AAkALgone=","@removed":{"reason":"changed"}})",
      R"({"id":"AAkALgone=","@removed":{},"type":"seriesMaster"})",
  }));
  CHECK(std::get<EventRemoved>(change_of(text)).external_event_id == "AAkALgone=");
}

TEST_CASE("what is busy in Outlook", "[microsoft][event]") {
  struct Row {
    std::string more;
    bool busy;
    Status status;
  };
  const auto row = GENERATE(values<Row>({
      {"", true, Status::confirmed},
      {R"("showAs":"busy")", true, Status::confirmed},
      {R"("showAs":"oof")", true, Status::confirmed},
      {R"("showAs":"unknown")", true, Status::confirmed},
      {R"("showAs":"somethingNew")", true, Status::confirmed},
      {R"("showAs":7)", true, Status::confirmed},
      {R"("showAs":"tentative")", true, Status::tentative},
      {R"("showAs":"Tentative")", true, Status::tentative},
      {R"("showAs":"free")", false, Status::confirmed},
      {R"("showAs":"workingElsewhere")", false, Status::confirmed},
      {R"("showAs":"busy","responseStatus":{"response":"declined"})", false, Status::confirmed},
      {R"("showAs":"busy","responseStatus":{"response":"notResponded"})", true, Status::confirmed},
      {R"("showAs":"busy","responseStatus":null)", true, Status::confirmed},
      {R"("showAs":"busy","isCancelled":true)", false, Status::cancelled},
      {R"("showAs":"tentative","isCancelled":true)", false, Status::cancelled},
      {R"("showAs":"busy","isCancelled":null)", true, Status::confirmed},
  }));
  CAPTURE(row.more);
  const Event event = event_of(timed(row.more));
  CHECK(event.is_busy == row.busy);
  CHECK(event.status == row.status);
}

TEST_CASE("sensitivity", "[microsoft][event]") {
  struct Row {
    std::string sensitivity, visibility;
  };
  const auto row = GENERATE(values<Row>({{R"("normal")", "default"},
                                         {R"("personal")", "private"},
                                         {R"("Private")", "private"},
                                         {R"("confidential")", "confidential"},
                                         {R"("new")", "default"},
                                         {"null", "default"}}));
  CHECK(event_of(timed(R"("sensitivity":)" + row.sensitivity)).visibility == row.visibility);
}

TEST_CASE("times and zones", "[microsoft][event]") {
  struct Row {
    std::string start;
    std::string original;
    std::string instant;
    std::string zone;
  };
  const auto row = GENERATE(values<Row>({
      {R"({"dateTime":"2026-03-02T09:00:00.0000000","timeZone":"UTC"})", "Pacific Standard Time",
       "2026-03-02T09:00:00Z", "America/Los_Angeles"},
      {R"({"dateTime":"2026-03-02T09:00:00","timeZone":"UTC"})", "Europe/Lisbon", "2026-03-02T09:00:00Z",
       "Europe/Lisbon"},
      {R"({"dateTime":"2026-03-02T09:00:00.0000000"})", "tzone://Microsoft/Custom", "2026-03-02T09:00:00Z", ""},
      {R"({"dateTime":"2026-03-02T09:00:00.0000000","timeZone":"UTC"})", "Customized Time Zone", "2026-03-02T09:00:00Z",
       ""},
      {R"({"dateTime":"2026-03-02T09:00:00.0000000","timeZone":"Pacific Standard Time"})", "Pacific Standard Time",
       "2026-03-02T17:00:00Z", "America/Los_Angeles"},
      {R"({"dateTime":"2026-03-02T09:00:00+02:00","timeZone":"nonsense"})", "", "2026-03-02T07:00:00Z", ""},
  }));
  CAPTURE(row.start, row.original);
  const Event event = event_of(times(row.start, R"({"dateTime":"2026-03-03T09:00:00","timeZone":"UTC"})",
                                     R"("originalStartTimeZone":")" + row.original + '"'));
  CHECK(event.start.instant == at(row.instant));
  CHECK(event.time_zone == row.zone);
}

TEST_CASE("events that cannot be understood keep their bytes and stop nothing", "[microsoft][event]") {
  const std::string good = R"({"dateTime":"2026-03-02T09:00:00","timeZone":"UTC"})";
  struct Row {
    std::string text;
    std::string id;
    std::string reason;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {item(5), "AAkALodd=", "start is missing"},
      {times("null", good), "e1", "start is missing"},
      {times(good, "[]"), "e1", "end is missing"},
      {times(good, "{}"), "e1", "end has no dateTime"},
      {times(R"({"dateTime":7})", good), "e1", "start has no dateTime"},
      {times(R"({"dateTime":"soon","timeZone":"UTC"})", good), "e1", "start is not a date-time"},
      {times(R"({"dateTime":"2026-03-02T09:00:00","timeZone":"Mars"})", good), "e1", "not known"},
      {times(R"({"dateTime":"2026-03-02T11:00:00","timeZone":"UTC"})", good), "e1", "ends before it starts"},
      {times(R"({"dateTime":"x"})", good, R"("isAllDay":true)"), "e1", "start is not a date-time"},
      {R"({"subject":"no id"})", "", "no id"},
      {R"({"id":null})", "", "no id"},
      {R"({"id":"e1","x":-9888888e888888})", "e1", ""},
      {R"({"id":"e1","x":tru})", "e1", ""},
      {"[1]", "", "not an object"},
      {"7", "", "not an object"},
  }));
  CAPTURE(row.text);
  const EventUnreadable odd = unreadable_of(row.text);
  CHECK(odd.reason.find(row.reason) != std::string::npos);
  if (row.id.empty()) {
    CHECK(odd.external_event_id.starts_with("unidentified-"));
  } else {
    CHECK(odd.external_event_id == row.id);
  }
  CHECK(json::parse(odd.raw_payload).has_value());
  CHECK_FALSE(odd.etag.empty());
}

TEST_CASE("very long, missing and unknown fields", "[microsoft][event]") {
  const std::string many(100'000, 'x');
  const Event event =
      event_of(timed(R"("subject":")" + many + R"(","fromTheFuture":{"a":[1,2,{}]},"attendees":[7,{}])"));
  CHECK(event.title == many);
  CHECK(event.attendees.size() == 1);
  CHECK(event.location.empty());
  CHECK(event.etag.starts_with("sha256:"));
  CHECK(event_of(timed(R"("changeKey":"k1")")).etag == "k1");
  CHECK(event_of(timed(R"("subject":"a\u0000b")")).title ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("a master has its rule", "[microsoft][event]") {
  const std::string text = testing::read_fixture("microsoft/master.json");
  const auto parsed = parse_master(text);
  REQUIRE(std::holds_alternative<Master>(parsed));
  const Event& event = std::get<Master>(parsed).event;
  CHECK(event.recurrence == std::vector<std::string>{"RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=SU;UNTIL=20260420T070000Z"});
  CHECK(event.time_zone == "Europe/Berlin");
  CHECK(event.whole_series);
}

TEST_CASE("masters that cannot be understood", "[microsoft][event]") {
  const auto text = GENERATE(values<std::string>({"", "{}", R"({"id":"m"})", R"({"id":"m","recurrence":null})",
                                                  R"({"id":"m","recurrence":{"pattern":{},"range":{}}})"}));
  CAPTURE(text);
  CHECK(std::holds_alternative<EventUnreadable>(parse_master(text)));
}

TEST_CASE("instances and their slots", "[microsoft][event]") {
  Event master;
  master.external_event_id = "m";
  master.time_zone = "Europe/Berlin";
  const Instance plain =
      parse_instance(R"({"id":"o","type":"occurrence","originalStart":"2026-03-16T08:00:00Z"})", master);
  REQUIRE(plain.slot);
  CHECK(plain.slot->instant == at("2026-03-16T08:00:00Z"));
  CHECK_FALSE(plain.exception);
  const Instance stub = parse_instance(
      R"({"id":"o","type":"occurrence","start":{"dateTime":"2026-03-16T08:00:00.0000000","timeZone":"UTC"}})", master);
  REQUIRE(stub.slot);
  CHECK(stub.slot->instant == at("2026-03-16T08:00:00Z"));

  const Instance moved = parse_instance(timed(R"("type":"exception","originalStart":"2026-03-16T08:00:00Z")"), master);
  REQUIRE(moved.exception);
  CHECK(std::get<Event>(*moved.exception).recurring_event_id == "m");
  CHECK(std::get<Event>(*moved.exception).original_start.instant == at("2026-03-16T08:00:00Z"));
  // Without its slot it stands alone.
  const Instance lost = parse_instance(timed(R"("type":"exception")"), master);
  CHECK_FALSE(lost.slot);
  CHECK(std::get<Event>(*lost.exception).recurring_event_id.empty());
  const Instance odd =
      parse_instance(R"({"id":"x","type":"exception","originalStart":"2026-03-16T08:00:00Z"})", master);
  CHECK(odd.slot);
  CHECK(std::holds_alternative<EventUnreadable>(*odd.exception));
  CHECK(std::holds_alternative<EventUnreadable>(*parse_instance("{", master).exception));
}

TEST_CASE("slots of all-day series are dates, in whatever zone midnight is told", "[microsoft][event]") {
  Event master;
  master.is_all_day = true;
  struct Row {
    std::string original, date;
  };
  const auto row = GENERATE(values<Row>({{"2026-03-16T00:00:00Z", "2026-03-16"},
                                         {"2026-03-15T23:00:00Z", "2026-03-16"},
                                         {"2026-03-16T08:00:00Z", "2026-03-16"},
                                         {"2026-03-15T12:00:00Z", "2026-03-16"}}));
  const Instance instance =
      parse_instance(R"({"id":"o","type":"occurrence","originalStart":")" + row.original + R"("})", master);
  REQUIRE(instance.slot);
  CHECK(instance.slot->date == day(row.date));
}

TEST_CASE("slots of all-day series are right where days begin more than twelve hours before UTC's",
          "[microsoft][event]") {
  Event master;
  master.is_all_day = true;
  const std::string times = R"(,"isAllDay":true,"start":{"dateTime":"2026-01-17T00:00:00","timeZone":"UTC"},)"
                            R"("end":{"dateTime":"2026-01-18T00:00:00","timeZone":"UTC"}})";
  // New Zealand's summer: midnight is 11:00 in UTC.
  const std::string original = R"("originalStart":"2026-01-16T11:00:00Z")";
  const Instance moved =
      parse_instance(R"({"id":"x","type":"exception",)" + original + times, master, "Pacific/Auckland");
  REQUIRE(moved.slot);
  CHECK(moved.slot->date == day("2026-01-17"));
  const Instance usual = parse_instance(R"({"id":"o","type":"occurrence",)" + original + times, master);
  REQUIRE(usual.slot);
  CHECK(usual.slot->date == day("2026-01-17"));
}

}  // namespace calsync::microsoft
