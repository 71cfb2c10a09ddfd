// SPDX-License-Identifier: Apache-2.0
#include "common/sync/cursor.hpp"

#include <catch2/catch.hpp>

namespace calsync::sync {
namespace {

TEST_CASE("a cursor is read back as it was written", "[sync][cursor]") {
  Cursor cursor;
  cursor.calendar_list = "list \"token\"\n";
  cursor.calendars["a@b.test"] = {"CPi2==", 1772442000, 0};
  cursor.calendars["\xc3\xa9 \"\\/"] = {"", 9007199254740993, 3};
  cursor.calendars[""] = {"t", -1, 1};
  const Cursor read = parse_cursor(dump_cursor(cursor));
  CHECK(read.calendar_list == cursor.calendar_list);
  REQUIRE(read.calendars.size() == 3);
  for (const auto& [id, position] : cursor.calendars) {
    CAPTURE(id);
    REQUIRE(read.calendars.contains(id));
    CHECK(read.calendars.at(id).token == position.token);
    CHECK(read.calendars.at(id).full_read_at == position.full_read_at);
    CHECK(read.calendars.at(id).expirations == position.expirations);
  }
  CHECK(dump_cursor(read) == dump_cursor(cursor));
}

TEST_CASE("anything unreadable means a full sync", "[sync][cursor]") {
  for (const char* text : {"", " ", "null", "7", "\"CPi2\"", "[]", "[1]", "{", "{}", "CPi2l5aR",
                           R"({"list":7,"calendars":[]})", R"({"calendars":"x"})", "\xff"}) {
    CAPTURE(text);
    const Cursor cursor = parse_cursor(text);
    CHECK(cursor.calendar_list.empty());
    CHECK(cursor.calendars.empty());
  }
  for (const char* text :
       {R"({"calendars":{"c":7}})", R"({"calendars":{"c":null}})", R"({"calendars":{"c":{"token":7,"full":"x"}}})"}) {
    CAPTURE(text);
    for (const auto& [id, position] : parse_cursor(text).calendars) CHECK(position.token.empty());
  }
}

TEST_CASE("a calendar that refuses its tokens rests for six hours", "[sync][cursor]") {
  struct Row {
    CalendarPosition position;
    std::int64_t now;
    bool rests;
  };
  const Row rows[] = {{{"", 1000, 3}, 1000, true},          {{"", 1000, 3}, 1000 + 21599, true},
                      {{"", 1000, 3}, 1000 + 21600, false}, {{"", 1000, 2}, 1000, false},
                      {{"", 1000, 9}, 1001, true},          {{"t", 1000, 3}, 1000, false},
                      {{"", 0, 3}, 1772442000, false},      {{}, 0, false}};
  for (const Row& row : rows) CHECK(resting(row.position, row.now) == row.rests);
}

}  // namespace
}  // namespace calsync::sync
