// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/microsoft_reader_fixture.hpp"

namespace calsync::microsoft {

TEST_CASE("a full read: pages of the delta, then one series after the other", "[microsoft][reader]") {
  ReaderFixture f;
  f.graph.expect("GET", delta_url, http_response(200, read_fixture("microsoft/delta_full.json")))
      .expect("GET", next_link, http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)))
      .expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")))
      .expect("GET", instances_url, http_response(200, read_fixture("microsoft/instances.json")));
  std::string next;
  const auto changes = f.read("", &next);
  if (!changes) FAIL(changes.error().message);
  REQUIRE(changes->size() == 6);
  CHECK(event_at(*changes, 0).external_event_id == "AAkALsingle1=");
  CHECK(event_at(*changes, 1).is_all_day);
  CHECK(std::get<EventRemoved>((*changes)[2]).external_event_id == "AAkALgone=");
  CHECK(std::get<EventUnreadable>((*changes)[3]).external_event_id == "AAkALodd=");
  const Event& late = event_at(*changes, 4);
  CHECK(late.title == "Stand-up, late");
  CHECK(late.recurring_event_id == "AAkALmaster=");
  CHECK(late.original_start.instant == parse_rfc3339("2026-04-06T07:00:00Z"));
  const Event& master = event_at(*changes, 5);
  // Nobody announced that the occurrence of the 30th was deleted.
  CHECK(master.recurrence == std::vector<std::string>{"RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=SU;UNTIL=20260420T070000Z",
                                                      "EXDATE:20260330T070000Z"});
  CHECK(f.graph.exhausted());
  for (const net::HttpRequest& request : f.graph.sent()) {
    CHECK(request.authorization == Secret("Bearer eyJ.a"));
    std::string prefer;
    for (const auto& [name, value] : request.headers) {
      if (name == "Prefer") prefer = value;
    }
    for (const char* part : {"odata.maxpagesize=", "outlook.timezone=\"UTC\"", "IdType=\"ImmutableId\""})
      CHECK(prefer.find(part) != std::string::npos);
  }
  // The next round begins with the link and nothing else.
  f.graph.expect("GET", delta_link, http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link + "2")));
  const EventPage second = f.events(next);
  REQUIRE(second.has_value());
  CHECK_FALSE(second->snapshot);
  CHECK(second->next_cursor.find(delta_link + "2") != std::string::npos);
}

TEST_CASE("instances on several pages", "[microsoft][reader]") {
  ReaderFixture f;
  const std::string cursor = f.cursor();
  const std::string instance =
      R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster=","originalStart":"2026-03-16T08:00:00Z"})";
  const std::string more = root + "/me/events/x/instances?$skip=1";
  f.graph
      .expect(
          "GET", delta_link,
          http_response(200, ReaderFixture::list(R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster="})",
                                                 "@odata.deltaLink", delta_link + "2")))
      .expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")))
      .expect("GET", instances_url, http_response(200, ReaderFixture::list(instance, "@odata.nextLink", more)))
      .expect("GET", more, http_response(200, ReaderFixture::list("")));
  std::string next;
  const auto changes = f.read(cursor, &next);
  REQUIRE(changes.has_value());
  REQUIRE(changes->size() == 1);
  CHECK(event_at(*changes, 0).recurrence.back() ==
        "EXDATE:20260323T080000Z,20260330T070000Z,20260406T070000Z,20260413T070000Z,20260420T070000Z");
  CHECK(next.find(delta_link + "2") != std::string::npos);
}

TEST_CASE("what becomes of a series that cannot be read", "[microsoft][reader]") {
  ReaderFixture f;
  const std::string cursor = f.cursor();
  f.graph.expect("GET", delta_link,
                 http_response(200, ReaderFixture::list(R"({"id":"AAkALmaster=","type":"seriesMaster"})",
                                                        "@odata.deltaLink", delta_link + "2")));
  const auto refused = [](int status, const std::string& code) {
    return http_response(status, R"({"error":{"code":")" + code + R"(","message":"m"}})");
  };
  SECTION("an answer that is no event fails the read, which is tried again") {
    const std::string body = GENERATE(as<std::string>(), "", "<html>", R"({"id":"AAkALmaster=","ty)", "[]");
    CAPTURE(body);
    f.graph.reply(200, body);
    const auto changes = f.read(cursor);
    REQUIRE_FALSE(changes.has_value());
    CHECK(changes.error().failure == Failure::malformed);
  }
  SECTION("no instance in the window") {
    f.graph.reply(200, read_fixture("microsoft/master.json")).reply(200, ReaderFixture::list(""));
    const auto changes = f.read(cursor);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventRemoved>(changes->at(0)).external_event_id == "AAkALmaster=");
  }
  SECTION("a single event by now") {
    f.graph.reply(200, R"({"id":"AAkALmaster=","type":"singleInstance","start":{"dateTime":"2026-03-02T09:00:00"},)"
                       R"("end":{"dateTime":"2026-03-02T10:00:00"}})");
    const auto changes = f.read(cursor);
    REQUIRE(changes.has_value());
    CHECK(event_at(*changes, 0).recurrence.empty());
    CHECK(event_at(*changes, 0).whole_series);
  }
  SECTION("refused, or not understood: it alone is unreadable") {
    if (GENERATE(true, false)) {
      f.graph.reply(refused(403, "ErrorAccessDenied"));
    } else {
      f.graph.reply(200, R"({"id":"AAkALmaster=","type":"seriesMaster","recurrence":{}})");
    }
    const auto changes = f.read(cursor);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventUnreadable>(changes->at(0)).external_event_id == "AAkALmaster=");
  }
  SECTION("anything that passes is the page's failure") {
    const auto [status, failure] = GENERATE(table<int, Failure>({{401, Failure::token_rejected},
                                                                 {429, Failure::throttled},
                                                                 {500, Failure::unavailable},
                                                                 {503, Failure::unavailable}}));
    f.graph.reply(refused(status, "x"));
    const auto changes = f.read(cursor);
    REQUIRE_FALSE(changes.has_value());
    CHECK(changes.error().failure == failure);
  }
}

TEST_CASE("a series that the delta names and Graph does not find", "[microsoft][reader]") {
  ReaderFixture f;
  const std::string unknown = R"({"error":{"code":"ErrorItemNotFound","message":"m"}})";
  const std::string first = f.cursor();
  f.graph.expect("GET", delta_link,
                 http_response(200, ReaderFixture::list(R"({"id":"AAkALmaster=","type":"seriesMaster"})",
                                                        "@odata.deltaLink", delta_link + "2")));
  // The master is not there, or only its instances are not.
  if (GENERATE(true, false))
    f.graph.expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")));
  f.graph.reply(404, unknown, {{"Date", "Mon, 02 Mar 2026 00:00:00 GMT"}});
  std::string second;
  const auto nothing = f.read(first, &second);
  REQUIRE(nothing.has_value());
  CHECK(nothing->empty());
  CHECK(second.find(delta_link + "2") != std::string::npos);
  std::string third;
  SECTION("a replica lags: it is looked for again with the next round") {
    f.graph.expect("GET", delta_link + "2", http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")))
        .expect(
            "GET", instances_url,
            http_response(200, ReaderFixture::list(R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster=",)"
                                                   R"("originalStart":"2026-03-16T08:00:00Z"})")));
    const auto changes = f.read(second, &third);
    REQUIRE(changes.has_value());
    CHECK(event_at(*changes, 0).external_event_id == "AAkALmaster=");
    CHECK(third.find("AAkALmaster=") == std::string::npos);
  }
  SECTION("the next delta says that it is gone") {
    f.graph.expect("GET", delta_link + "2",
                   http_response(200, ReaderFixture::list(R"({"id":"AAkALmaster=","@removed":{"reason":"deleted"}})",
                                                          "@odata.deltaLink", delta_link)));
    const auto changes = f.read(second, &third);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventRemoved>(changes->at(0)).external_event_id == "AAkALmaster=");
    CHECK(third.find("AAkALmaster=") == std::string::npos);
  }
  SECTION("Graph's clock counts, since another worker may look whose own is ahead") {
    f.graph.expect("GET", delta_link + "2", http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown, {{"Date", "Mon, 02 Mar 2026 00:00:30 GMT"}}));
    f.clock.advance(std::chrono::hours(1));
    const auto still_nothing = f.read(second, &third);
    REQUIRE(still_nothing.has_value());
    CHECK(still_nothing->empty());
    CHECK(third.find("AAkALmaster=") != std::string::npos);
  }
  SECTION("it is gone, and its exceptions with it, when it is still missing ten minutes later") {
    f.clock.advance(std::chrono::minutes(9));
    f.graph.expect("GET", delta_link + "2", http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown));
    const auto still_nothing = f.read(second, &third);
    REQUIRE(still_nothing.has_value());
    CHECK(still_nothing->empty());
    f.clock.advance(std::chrono::minutes(1));
    f.graph.expect("GET", delta_link, http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown));
    std::string fourth;
    const auto changes = f.read(third, &fourth);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventRemoved>(changes->at(0)).external_event_id == "AAkALmaster=");
    CHECK(fourth.find("AAkALmaster=") == std::string::npos);
  }
  CHECK(f.graph.exhausted());
}

}  // namespace calsync::microsoft
