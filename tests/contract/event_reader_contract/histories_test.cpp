// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/contract/event_reader_contract/mirror.hpp"

namespace calsync::contract {
namespace {

using Lines = std::vector<std::string>;

struct Story {
  /// The provider, and switches of the emulator for what Microsoft's documents leave open.
  explicit Story(const std::string& told)
      : author(make_author(told.substr(0, told.find(' ')), world)), mirror(*author, world) {
    if (const auto blank = told.find(' '); blank != std::string::npos)
      world.call("POST", "/control/settings", told.substr(blank + 1));
  }
  World world;
  std::unique_ptr<Author> author;
  Mirror mirror;

  /// Reads what has changed since, and then everything, which must make no difference.
  Lines read() {
    mirror.read();
    const Lines lines = mirror.shown();
    mirror.forget();
    mirror.read();
    CHECK(mirror.was_full());
    CHECK(mirror.shown() == lines);
    return lines;
  }
};

std::string any_provider() {
  std::string told = GENERATE(values<std::string>({
      "google",
      "microsoft",
      R"(microsoft {"graph_empty_last_page":true})",
      R"(microsoft {"graph_delta_masters":false})",
      R"(microsoft {"graph_removed_series":"occurrences","graph_removed_reason":"changed"})",
      R"(microsoft {"graph_replayed_changes":3,"duplicate_items":true})",
      R"(microsoft {"graph_reset_location":true,"graph_sync_code":"camel","graph_stale_next_links":true})",
      "ics",
  }));
  UNSCOPED_INFO(told);
  return told;
}

}  // namespace

TEST_CASE("a full read, increments, and nothing new", "[contract]") {
  Story story(any_provider());
  story.author->put("one00000", single("One", "2026-03-09"));
  story.author->put("two00000", single("Two", "2026-03-10", "23:30"));
  story.mirror.read();
  CHECK(story.mirror.was_full());
  const Lines both{"2026-03-09T08:00:00Z/2026-03-09T08:30:00Z One", "2026-03-10T22:30:00Z/2026-03-10T23:00:00Z Two"};
  CHECK(story.mirror.shown() == both);
  story.mirror.read();
  CHECK(story.mirror.shown() == both);
  story.author->put("three000", single("Three", "2026-03-11"));
  story.author->put("one00000", single("One, renamed", "2026-03-09", "10:00"));
  story.author->remove("two00000");
  CHECK(story.read() == Lines{"2026-03-09T09:00:00Z/2026-03-09T09:30:00Z One, renamed",
                              "2026-03-11T08:00:00Z/2026-03-11T08:30:00Z Three"});
}

TEST_CASE("an empty calendar, and one that becomes empty", "[contract]") {
  Story story(any_provider());
  CHECK(story.read().empty());
  story.author->put("one00000", single("One", "2026-03-09"));
  CHECK(story.read().size() == 1);
  story.author->remove("one00000");
  CHECK(story.read().empty());
}

TEST_CASE("many pages, some of them empty", "[contract]") {
  const std::string provider = any_provider();
  Story story(provider);
  story.author->page(2);
  story.author->empty_pages(1);
  for (int number = 0; number < 9; ++number)
    story.author->put("event00" + std::to_string(number),
                      single("E" + std::to_string(number), "2026-03-1" + std::to_string(number)));
  story.mirror.read();
  CHECK(story.mirror.shown().size() == 9);
  if (provider != "ics") CHECK(story.mirror.pages() >= 5);
  for (int number = 0; number < 5; ++number) story.author->remove("event00" + std::to_string(number));
  CHECK(story.read().size() == 4);
}

TEST_CASE("a position that ends in the middle of its pages", "[contract]") {
  Story story(any_provider());
  for (int number = 0; number < 5; ++number)
    story.author->put("event00" + std::to_string(number),
                      single("E" + std::to_string(number), "2026-03-1" + std::to_string(number)));
  story.mirror.read();
  story.author->page(1);
  for (int number = 0; number < 3; ++number) story.author->remove("event00" + std::to_string(number));
  story.author->put("late0000", single("Late", "2026-03-20"));
  bool ended = false;
  story.mirror.read([&] {
    if (!ended) story.author->expire();
    ended = true;
  });
  CHECK(story.mirror.shown().size() == 3);
  story.author->expire();
  CHECK(story.read().size() == 3);
}

TEST_CASE("an event that is deleted and made again", "[contract]") {
  Story story(any_provider());
  story.author->put("one00000", single("One", "2026-03-09"));
  story.mirror.read();
  story.author->remove("one00000");
  SECTION("seen") {
    story.mirror.read();
    CHECK(story.mirror.shown().empty());
  }
  SECTION("between two reads") {}
  story.author->put("one00000", single("One again", "2026-03-10"));
  CHECK(story.read() == Lines{"2026-03-10T08:00:00Z/2026-03-10T08:30:00Z One again"});
}

TEST_CASE("a series across a clock change", "[contract]") {
  Story story(any_provider());
  story.author->put("weekly00", series("Weekly", "2026-03-16", "FREQ=WEEKLY;BYDAY=MO;COUNT=4"));
  CHECK(story.read() ==
        Lines{"2026-03-16T08:00:00Z/2026-03-16T08:30:00Z Weekly", "2026-03-23T08:00:00Z/2026-03-23T08:30:00Z Weekly",
              "2026-03-30T07:00:00Z/2026-03-30T07:30:00Z Weekly", "2026-04-06T07:00:00Z/2026-04-06T07:30:00Z Weekly"});
}

TEST_CASE("moved and cancelled occurrences", "[contract]") {
  Story story(any_provider());
  story.author->put("weekly00", series("Weekly", "2026-03-16", "FREQ=WEEKLY;BYDAY=MO;COUNT=4"));
  story.mirror.read();
  story.author->move("weekly00", "2026-03-23", single("Weekly, late", "2026-03-24", "15:00"));
  const Lines moved{
      "2026-03-16T08:00:00Z/2026-03-16T08:30:00Z Weekly", "2026-03-24T14:00:00Z/2026-03-24T14:30:00Z Weekly, late",
      "2026-03-30T07:00:00Z/2026-03-30T07:30:00Z Weekly", "2026-04-06T07:00:00Z/2026-04-06T07:30:00Z Weekly"};
  CHECK(story.read() == moved);
  story.author->cancel("weekly00", "2026-03-30");
  Lines cancelled = moved;
  cancelled.erase(cancelled.begin() + 2);
  CHECK(story.read() == cancelled);
  // The moved one is cancelled, too.
  story.author->cancel("weekly00", "2026-03-23");
  cancelled.erase(cancelled.begin() + 1);
  CHECK(story.read() == cancelled);
  story.author->remove("weekly00");
  CHECK(story.read().empty());
  CHECK(story.mirror.events().empty());
}

TEST_CASE("this and the following", "[contract]") {
  Story story(any_provider());
  story.author->put("weekly00", series("Weekly", "2026-03-16", "FREQ=WEEKLY;BYDAY=MO;COUNT=4"));
  story.mirror.read();
  story.author->put("weekly00", series("Weekly", "2026-03-16", "FREQ=WEEKLY;BYDAY=MO;COUNT=2"));
  story.author->put("weekly01", series("New weekly", "2026-03-31", "FREQ=WEEKLY;BYDAY=TU;COUNT=2", "10:00"));
  CHECK(story.read() == Lines{"2026-03-16T08:00:00Z/2026-03-16T08:30:00Z Weekly",
                              "2026-03-23T08:00:00Z/2026-03-23T08:30:00Z Weekly",
                              "2026-03-31T08:00:00Z/2026-03-31T08:30:00Z New weekly",
                              "2026-04-07T08:00:00Z/2026-04-07T08:30:00Z New weekly"});
}

TEST_CASE("whole days are dates, across a clock change too", "[contract]") {
  Story story(any_provider());
  story.author->put("holiday0", whole_day("Holiday", "2026-03-28", 3));
  Draft cleaning = whole_day("Cleaning", "2026-03-27");
  cleaning.rule = "FREQ=DAILY;INTERVAL=2;COUNT=3";
  cleaning.busy = false;
  story.author->put("cleaning", cleaning);
  CHECK(story.read() == Lines{"2026-03-27/2026-03-28 Cleaning free", "2026-03-28/2026-03-31 Holiday",
                              "2026-03-29/2026-03-30 Cleaning free", "2026-03-31/2026-04-01 Cleaning free"});
  story.author->cancel("cleaning", "2026-03-29");
  CHECK(story.read() == Lines{"2026-03-27/2026-03-28 Cleaning free", "2026-03-28/2026-03-31 Holiday",
                              "2026-03-31/2026-04-01 Cleaning free"});
}

TEST_CASE("an event that changes its zone, its kind, and back", "[contract]") {
  Story story(any_provider());
  Draft draft = single("Trip", "2026-03-16");
  story.author->put("trip0000", draft);
  story.mirror.read();
  draft.zone = "America/New_York";
  story.author->put("trip0000", draft);
  CHECK(story.read() == Lines{"2026-03-16T13:00:00Z/2026-03-16T13:30:00Z Trip"});
  story.author->put("trip0000", whole_day("Trip", "2026-03-16"));
  CHECK(story.read() == Lines{"2026-03-16/2026-03-17 Trip"});
  story.author->put("trip0000", draft);
  CHECK(story.read() == Lines{"2026-03-16T13:00:00Z/2026-03-16T13:30:00Z Trip"});
}

TEST_CASE("a series that goes to another zone", "[contract]") {
  Story story(any_provider());
  Draft draft = series("Call", "2026-03-05", "FREQ=WEEKLY;BYDAY=TH;COUNT=2");
  story.author->put("call0000", draft);
  story.mirror.read();
  draft.zone = "America/New_York";
  story.author->put("call0000", draft);
  // New York changes its clocks on the 8th, Berlin on the 29th.
  CHECK(story.read() ==
        Lines{"2026-03-05T14:00:00Z/2026-03-05T14:30:00Z Call", "2026-03-12T13:00:00Z/2026-03-12T13:30:00Z Call"});
}

TEST_CASE("text of every kind and length", "[contract]") {
  Story story(any_provider());
  Draft draft = single("Zoë, 東京; 👩‍👩‍👧 \\ \"q\" <b>", "2026-03-09");
  draft.description = std::string(5000, 'x') + "é";
  story.author->put("text0000", draft);
  story.author->put("empty000", single("", "2026-03-10"));
  story.mirror.read();
  REQUIRE(story.mirror.events().size() == 2);
  for (const auto& [id, event] : story.mirror.events()) {
    if (event.title.empty()) continue;
    CHECK(event.title == draft.title);
    CHECK(event.description == draft.description);
  }
}

TEST_CASE("patterns of every kind", "[contract]") {
  struct Row {
    std::string date, rule;
    std::size_t count;  ///< from March to May
  };
  const auto row = GENERATE(values<Row>({
      {"2026-03-02", "FREQ=DAILY;INTERVAL=10;COUNT=5", 5},
      {"2026-03-03", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU;COUNT=6", 6},
      {"2026-03-03", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=MO;COUNT=6", 6},
      {"2026-03-15", "FREQ=MONTHLY;BYMONTHDAY=15", 3},
      {"2026-03-10", "FREQ=MONTHLY;BYDAY=2TU", 3},
      {"2026-03-31", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 3},
      {"2026-04-04", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=4", 1},
      {"2026-05-28", "FREQ=YEARLY;BYMONTH=5;BYDAY=4TH", 1},
      {"2026-03-02", "FREQ=DAILY;UNTIL=20260306T080000Z", 5},
  }));
  CAPTURE(row.rule);
  Lines shown[2];
  Draft draft = series("S", row.date, row.rule);
  int at = 0;
  for (const char* provider : {"ics", "microsoft"}) {
    Story story(provider);
    story.author->put("series00", draft);
    shown[at++] = story.read();
  }
  CHECK(shown[0].size() == row.count);
  CHECK(shown[0] == shown[1]);
}

}  // namespace calsync::contract
