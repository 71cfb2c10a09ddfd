// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/providers/microsoft/microsoft_adapter.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::microsoft {
namespace {

using calendar::Event;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using testing::http_response;
using testing::read_fixture;
using testing::run_task;

using Changes = std::vector<providers::EventChange>;
using EventPage = Result<providers::Page<providers::EventChange>>;

const std::string root = "https://graph.test/v1.0";
const std::string calendar_url = root + "/me/calendars/AAMk%3D";
const std::string window = "?startDateTime=2026-01-30T00%3A00%3A00Z&endDateTime=2027-04-06T00%3A00%3A00Z";
const std::string delta_url = calendar_url + "/calendarView/delta" + window;
const std::string master_url = calendar_url + "/events/AAkALmaster%3D";
const std::string instances_url = master_url + "/instances" + window + "&$top=200";
const std::string next_link = root + "/me/calendars/AAMk%3D/calendarView/delta?$skiptoken=R0usmcdvmMu7jxWP8";
const std::string delta_link = root + "/me/calendars/AAMk%3D/calendarView/delta?$deltatoken=d1";

struct Fixture {
  testing::VirtualClock clock;
  testing::FakeTransport graph;
  providers::Adapter adapter = make_microsoft_adapter(options(), graph, clock);

  static Options options() {
    Options options;
    options.endpoints.api = root + "/";
    return options;
  }
  providers::Session session(std::string account = "oid@tid") const {
    return {Secret("eyJ.a"), std::move(account), Deadline(clock, std::chrono::seconds(30))};
  }
  EventPage events(const std::string& cursor, const std::string& page = "") {
    return run_task(adapter.reader->list_events(session(), "AAMk=", cursor, page));
  }
  /// All pages of one read.
  Result<Changes> read(const std::string& cursor, std::string* next = nullptr) {
    Changes all;
    std::string page;
    for (;;) {
      EventPage answer = events(cursor, page);
      if (!answer) return answer.error();
      CHECK(answer->snapshot == cursor.empty());
      for (auto& change : answer->changes) all.push_back(std::move(change));
      page = answer->next_page;
      if (!page.empty()) continue;
      if (next) *next = answer->next_cursor;
      return all;
    }
  }
  /// The cursor of an empty calendar.
  std::string cursor() {
    graph.expect("GET", delta_url, http_response(200, list("", "@odata.deltaLink", delta_link)));
    std::string next;
    REQUIRE(read("", &next).has_value());
    return next;
  }

  static std::string list(const std::string& items, const std::string& name = "", const std::string& link = "") {
    return R"({"value":[)" + items + "]" + (name.empty() ? "" : ",\"" + name + "\":\"" + link + '"') + "}";
  }
};

const Event& event_at(const Changes& changes, std::size_t at) {
  REQUIRE(at < changes.size());
  if (const auto* odd = std::get_if<EventUnreadable>(&changes[at])) FAIL(odd->reason);
  return std::get<Event>(changes[at]);
}

}  // namespace

TEST_CASE("a full read: pages of the delta, then one series after the other", "[microsoft][reader]") {
  Fixture f;
  f.graph.expect("GET", delta_url, http_response(200, read_fixture("microsoft/delta_full.json")))
      .expect("GET", next_link, http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)))
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
  f.graph.expect("GET", delta_link, http_response(200, Fixture::list("", "@odata.deltaLink", delta_link + "2")));
  const EventPage second = f.events(next);
  REQUIRE(second.has_value());
  CHECK_FALSE(second->snapshot);
  CHECK(second->next_cursor.find(delta_link + "2") != std::string::npos);
}

TEST_CASE("instances on several pages", "[microsoft][reader]") {
  Fixture f;
  const std::string cursor = f.cursor();
  const std::string instance =
      R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster=","originalStart":"2026-03-16T08:00:00Z"})";
  const std::string more = root + "/me/events/x/instances?$skip=1";
  f.graph
      .expect("GET", delta_link,
              http_response(200, Fixture::list(R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster="})",
                                               "@odata.deltaLink", delta_link + "2")))
      .expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")))
      .expect("GET", instances_url, http_response(200, Fixture::list(instance, "@odata.nextLink", more)))
      .expect("GET", more, http_response(200, Fixture::list("")));
  std::string next;
  const auto changes = f.read(cursor, &next);
  REQUIRE(changes.has_value());
  REQUIRE(changes->size() == 1);
  CHECK(event_at(*changes, 0).recurrence.back() ==
        "EXDATE:20260323T080000Z,20260330T070000Z,20260406T070000Z,20260413T070000Z,20260420T070000Z");
  CHECK(next.find(delta_link + "2") != std::string::npos);
}

TEST_CASE("what becomes of a series that cannot be read", "[microsoft][reader]") {
  Fixture f;
  const std::string cursor = f.cursor();
  f.graph.expect("GET", delta_link,
                 http_response(200, Fixture::list(R"({"id":"AAkALmaster=","type":"seriesMaster"})", "@odata.deltaLink",
                                                  delta_link + "2")));
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
    f.graph.reply(200, read_fixture("microsoft/master.json")).reply(200, Fixture::list(""));
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
  Fixture f;
  const std::string unknown = R"({"error":{"code":"ErrorItemNotFound","message":"m"}})";
  const std::string first = f.cursor();
  f.graph.expect("GET", delta_link,
                 http_response(200, Fixture::list(R"({"id":"AAkALmaster=","type":"seriesMaster"})", "@odata.deltaLink",
                                                  delta_link + "2")));
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
    f.graph.expect("GET", delta_link + "2", http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(200, read_fixture("microsoft/master.json")))
        .expect("GET", instances_url,
                http_response(200, Fixture::list(R"({"id":"o1","type":"occurrence","seriesMasterId":"AAkALmaster=",)"
                                                 R"("originalStart":"2026-03-16T08:00:00Z"})")));
    const auto changes = f.read(second, &third);
    REQUIRE(changes.has_value());
    CHECK(event_at(*changes, 0).external_event_id == "AAkALmaster=");
    CHECK(third.find("AAkALmaster=") == std::string::npos);
  }
  SECTION("the next delta says that it is gone") {
    f.graph.expect("GET", delta_link + "2",
                   http_response(200, Fixture::list(R"({"id":"AAkALmaster=","@removed":{"reason":"deleted"}})",
                                                    "@odata.deltaLink", delta_link)));
    const auto changes = f.read(second, &third);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventRemoved>(changes->at(0)).external_event_id == "AAkALmaster=");
    CHECK(third.find("AAkALmaster=") == std::string::npos);
  }
  SECTION("Graph's clock counts, since another worker may look whose own is ahead") {
    f.graph.expect("GET", delta_link + "2", http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown, {{"Date", "Mon, 02 Mar 2026 00:00:30 GMT"}}));
    f.clock.advance(std::chrono::hours(1));
    const auto still_nothing = f.read(second, &third);
    REQUIRE(still_nothing.has_value());
    CHECK(still_nothing->empty());
    CHECK(third.find("AAkALmaster=") != std::string::npos);
  }
  SECTION("it is gone, and its exceptions with it, when it is still missing ten minutes later") {
    f.clock.advance(std::chrono::minutes(9));
    f.graph.expect("GET", delta_link + "2", http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown));
    const auto still_nothing = f.read(second, &third);
    REQUIRE(still_nothing.has_value());
    CHECK(still_nothing->empty());
    f.clock.advance(std::chrono::minutes(1));
    f.graph.expect("GET", delta_link, http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)))
        .expect("GET", master_url, http_response(404, unknown));
    std::string fourth;
    const auto changes = f.read(third, &fourth);
    REQUIRE(changes.has_value());
    CHECK(std::get<EventRemoved>(changes->at(0)).external_event_id == "AAkALmaster=");
    CHECK(fourth.find("AAkALmaster=") == std::string::npos);
  }
  CHECK(f.graph.exhausted());
}

TEST_CASE("a link that leads elsewhere is not followed", "[microsoft][reader]") {
  Fixture f;
  const auto link = GENERATE(values<std::string>(
      {"https://evil.test/v1.0/me", "http://graph.test/v1.0/me", "https://graph.test:8443/v1.0/me",
       "https://graph.test@evil.test/v1.0/me", "https://graph.test.evil.test/", "//evil.test/", "/v1.0/me", "x"}));
  CAPTURE(link);
  SECTION("in an answer") {
    const auto name = GENERATE(values<std::string>({"@odata.nextLink", "@odata.deltaLink"}));
    f.graph.reply(200, Fixture::list("", name, link));
    const EventPage page = f.events("");
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().failure == Failure::malformed);
  }
  SECTION("in the database") {
    std::string cursor = f.cursor();
    cursor.replace(cursor.find(delta_link), delta_link.size(), link);
    const EventPage page = f.events(cursor);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().failure == Failure::cursor_expired);
  }
}

TEST_CASE("the window moves on by a full read", "[microsoft][reader]") {
  Fixture f;
  const std::string cursor = f.cursor();
  f.clock.advance(std::chrono::hours(23));
  f.graph.expect("GET", delta_link, http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)));
  CHECK(f.events(cursor).has_value());
  f.clock.advance(std::chrono::hours(1));
  const EventPage aged = f.events(cursor);
  REQUIRE_FALSE(aged.has_value());
  CHECK(aged.error().failure == Failure::cursor_expired);
  CHECK(f.graph.exhausted());
  f.graph.expect(
      "GET",
      calendar_url + "/calendarView/delta?startDateTime=2026-01-31T00%3A00%3A00Z&endDateTime=2027-04-07T00%3A00%3A00Z",
      http_response(200, Fixture::list("", "@odata.deltaLink", delta_link)));
  CHECK(f.events("").has_value());
}

TEST_CASE("positions that cannot be used", "[microsoft][reader]") {
  Fixture f;
  const auto cursor = GENERATE(values<std::string>({"x", "{}", R"({"v":1,"link":"https://graph.test/v1.0/x"})", "[]"}));
  const EventPage page = f.events(cursor);
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().failure == Failure::cursor_expired);
}

TEST_CASE("a delta that has to begin anew", "[microsoft][reader]") {
  struct Row {
    int status;
    std::string code;
    Failure failure;
  };
  const auto row = GENERATE(values<Row>({
      {410, "SyncStateNotFound", Failure::cursor_expired},
      {410, "syncStateNotFound", Failure::cursor_expired},
      {410, "", Failure::cursor_expired},
      {404, "SyncStateNotFound", Failure::cursor_expired},
      {400, "InvalidDeltaToken", Failure::cursor_expired},
      {400, "resyncRequired", Failure::cursor_expired},
      {409, "resyncApplyDifferences", Failure::cursor_expired},
      {404, "ErrorItemNotFound", Failure::not_found},
      {400, "ErrorInvalidParameter", Failure::rejected},
  }));
  CAPTURE(row.status, row.code);
  Fixture f;
  const std::string cursor = f.cursor();
  const std::string body = row.code.empty() ? "" : R"({"error":{"code":")" + row.code + R"(","message":"m"}})";
  f.graph.reply(200, Fixture::list("", "@odata.nextLink", next_link))
      .reply(row.status, body, {{"Location", delta_url}});
  const EventPage first = f.events(cursor);
  REQUIRE(first.has_value());
  CHECK(first->changes.empty());
  const EventPage second = f.events(cursor, first->next_page);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().failure == row.failure);
}

TEST_CASE("frames that cannot be understood", "[microsoft][reader]") {
  Fixture f;
  const auto body = GENERATE(values<std::string>(
      {"", "<html>", "[]", "{}", R"({"value":7})", R"({"value":[1,})", R"({"value":[]})",
       R"({"value":[],"@odata.nextLink":"https://graph.test/a","@odata.deltaLink":"https://graph.test/b"})"}));
  CAPTURE(body);
  f.graph.reply(200, body);
  const EventPage page = f.events("");
  REQUIRE_FALSE(page.has_value());
  CHECK(page.error().failure == Failure::malformed);
}

TEST_CASE("a page that names itself as the next one", "[microsoft][reader]") {
  Fixture f;
  const std::string cursor = f.cursor();
  f.graph.reply(200, Fixture::list("", "@odata.nextLink", delta_link));
  CHECK(f.events(cursor).error().failure == Failure::malformed);
}

TEST_CASE("the list of calendars is read whole, page by page", "[microsoft][calendars]") {
  Fixture f;
  f.graph.expect("GET", root + "/me/calendars?$top=100", http_response(200, read_fixture("microsoft/calendars.json")))
      .expect("GET", root + "/me/calendars?$top=100&$skip=100", http_response(200, Fixture::list("")));
  const auto first = run_task(f.adapter.reader->list_calendars(f.session(), "", ""));
  REQUIRE(first.has_value());
  CHECK(first->snapshot);
  REQUIRE(first->changes.size() == 3);
  const char* roles[] = {"owner", "writer", "reader"};
  for (std::size_t at = 0; at < 3; ++at) {
    const auto& calendar = std::get<providers::Calendar>(first->changes[at]);
    CHECK(calendar.access_role == roles[at]);
    CHECK(calendar.is_primary == (at == 0));
    CHECK(calendar.readable);
  }
  const auto second = run_task(f.adapter.reader->list_calendars(f.session(), "", first->next_page));
  REQUIRE(second.has_value());
  CHECK(second->snapshot);
  CHECK(second->next_page.empty());
  CHECK(second->next_cursor.empty());
}

TEST_CASE("an entry that nobody can name fails the list", "[microsoft][calendars]") {
  Fixture f;
  f.graph.reply(200, Fixture::list(GENERATE(values<std::string>({"{}", R"({"id":""})", "7", R"({"id":tru})"}))));
  CHECK(run_task(f.adapter.reader->list_calendars(f.session(), "", "")).error().failure == Failure::malformed);
}

TEST_CASE("the default calendar stands in for a personal account's list", "[microsoft][calendars]") {
  Fixture f;
  const int status = GENERATE(403, 500);
  f.graph.reply(status, "");
  const std::string personal = "00000000-0000-0000-1234-567890abcdef@9188040d-6c67-4c5b-b112-36a304b66dad";
  f.graph.expect("GET", root + "/me/calendar",
                 http_response(200, R"({"id":"AQMk","name":"Calendar","isDefaultCalendar":true,"canEdit":true})"));
  const auto page = run_task(f.adapter.reader->list_calendars(f.session(personal), "", ""));
  REQUIRE(page.has_value());
  // What it does not name is not gone.
  CHECK_FALSE(page->snapshot);
  CHECK(page->changes.size() == 1);
  f.graph.reply(status, "");
  const auto work = run_task(f.adapter.reader->list_calendars(f.session(), "", ""));
  CHECK(work.error().failure == (status == 403 ? Failure::scope_missing : Failure::unavailable));
}

TEST_CASE("one mailbox, four requests at a time", "[microsoft][adapter]") {
  Fixture f;
  CHECK(f.adapter.name == "microsoft");
  CHECK(f.adapter.bounds.account_concurrency == 4);
  CHECK(f.adapter.bounds.host == "graph.test");
}

}  // namespace calsync::microsoft
