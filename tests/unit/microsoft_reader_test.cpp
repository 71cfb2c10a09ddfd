// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/microsoft_reader_fixture.hpp"

namespace calsync::microsoft {

TEST_CASE("a link that leads elsewhere is not followed", "[microsoft][reader]") {
  ReaderFixture f;
  const auto link = GENERATE(values<std::string>(
      {"https://evil.test/v1.0/me", "http://graph.test/v1.0/me", "https://graph.test:8443/v1.0/me",
       "https://graph.test@evil.test/v1.0/me", "https://graph.test.evil.test/", "//evil.test/", "/v1.0/me", "x"}));
  CAPTURE(link);
  SECTION("in an answer") {
    const auto name = GENERATE(values<std::string>({"@odata.nextLink", "@odata.deltaLink"}));
    f.graph.reply(200, ReaderFixture::list("", name, link));
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
  ReaderFixture f;
  const std::string cursor = f.cursor();
  f.clock.advance(std::chrono::hours(23));
  f.graph.expect("GET", delta_link, http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)));
  CHECK(f.events(cursor).has_value());
  f.clock.advance(std::chrono::hours(1));
  const EventPage aged = f.events(cursor);
  REQUIRE_FALSE(aged.has_value());
  CHECK(aged.error().failure == Failure::cursor_expired);
  CHECK(f.graph.exhausted());
  f.graph.expect(
      "GET",
      calendar_url + "/calendarView/delta?startDateTime=2026-01-31T00%3A00%3A00Z&endDateTime=2027-04-07T00%3A00%3A00Z",
      http_response(200, ReaderFixture::list("", "@odata.deltaLink", delta_link)));
  CHECK(f.events("").has_value());
}

TEST_CASE("positions that cannot be used", "[microsoft][reader]") {
  ReaderFixture f;
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
  ReaderFixture f;
  const std::string cursor = f.cursor();
  const std::string body = row.code.empty() ? "" : R"({"error":{"code":")" + row.code + R"(","message":"m"}})";
  f.graph.reply(200, ReaderFixture::list("", "@odata.nextLink", next_link))
      .reply(row.status, body, {{"Location", delta_url}});
  const EventPage first = f.events(cursor);
  REQUIRE(first.has_value());
  CHECK(first->changes.empty());
  const EventPage second = f.events(cursor, first->next_page);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().failure == row.failure);
}

TEST_CASE("frames that cannot be understood", "[microsoft][reader]") {
  ReaderFixture f;
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
  ReaderFixture f;
  const std::string cursor = f.cursor();
  f.graph.reply(200, ReaderFixture::list("", "@odata.nextLink", delta_link));
  CHECK(f.events(cursor).error().failure == Failure::malformed);
}

TEST_CASE("the list of calendars is read whole, page by page", "[microsoft][calendars]") {
  ReaderFixture f;
  f.graph.expect("GET", root + "/me/calendars?$top=100", http_response(200, read_fixture("microsoft/calendars.json")))
      .expect("GET", root + "/me/calendars?$top=100&$skip=100", http_response(200, ReaderFixture::list("")));
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
  ReaderFixture f;
  f.graph.reply(200, ReaderFixture::list(GENERATE(values<std::string>({"{}", R"({"id":""})", "7", R"({"id":tru})"}))));
  CHECK(run_task(f.adapter.reader->list_calendars(f.session(), "", "")).error().failure == Failure::malformed);
}

TEST_CASE("the default calendar stands in for a personal account's list", "[microsoft][calendars]") {
  ReaderFixture f;
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
  ReaderFixture f;
  CHECK(f.adapter.name == "microsoft");
  CHECK(f.adapter.bounds.account_concurrency == 4);
  CHECK(f.adapter.bounds.host == "graph.test");
}

}  // namespace calsync::microsoft