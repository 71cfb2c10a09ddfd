// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include "common/providers/microsoft/microsoft_adapter.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/fixture.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::microsoft {

using calendar::Event;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using testing::http_response;
using testing::read_fixture;
using testing::run_task;

using Changes = std::vector<providers::EventChange>;
using EventPage = Result<providers::Page<providers::EventChange>>;

inline const std::string root = "https://graph.test/v1.0";
inline const std::string calendar_url = root + "/me/calendars/AAMk%3D";
inline const std::string window = "?startDateTime=2026-01-30T00%3A00%3A00Z&endDateTime=2027-04-06T00%3A00%3A00Z";
inline const std::string delta_url = calendar_url + "/calendarView/delta" + window;
inline const std::string master_url = calendar_url + "/events/AAkALmaster%3D";
inline const std::string instances_url = master_url + "/instances" + window + "&$top=200";
inline const std::string next_link = root + "/me/calendars/AAMk%3D/calendarView/delta?$skiptoken=R0usmcdvmMu7jxWP8";
inline const std::string delta_link = root + "/me/calendars/AAMk%3D/calendarView/delta?$deltatoken=d1";

struct ReaderFixture {
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

inline const Event& event_at(const Changes& changes, std::size_t at) {
  REQUIRE(at < changes.size());
  if (const auto* odd = std::get_if<EventUnreadable>(&changes[at])) FAIL(odd->reason);
  return std::get<Event>(changes[at]);
}

}  // namespace calsync::microsoft
