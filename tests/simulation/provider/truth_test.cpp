// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/truth.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/feed_author.hpp"
#include "tests/simulation/provider/mutator.hpp"
#include "tests/simulation/provider/test_mirror.hpp"

namespace calsync::simulation::testing {
namespace {

const std::string primary = "ada@example.com", second = "work@group.calendar.google.com";

struct Fixture : TestWorld {
  explicit Fixture(std::uint64_t seed = 1) : TestWorld(seed) {}
  Grant ada = make_account(world, primary, {{second, "Work", "America/New_York", "owner"}});
  Grant bob = make_account(world, "bob@example.com", {});
  Mutator mutator{world, random, {ada, bob}};

  std::vector<std::string> check(TestMirror& mirror, const std::string& id) {
    const CalendarTruth truth = truth_of_calendar(world, primary, id);
    return compare(mirror.rows(truth.time_zone), truth.rows);
  }
};

void many_changes(std::uint64_t seed) {
  INFO("seed " << seed);
  Fixture f(seed);
  TestMirror first(f, f.ada, primary), other(f, f.ada, second);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i) f.mutator.mutate();
    f.clock.advance(1min);
    for (TestMirror* mirror : {&first, &other}) {
      const std::string& id = mirror == &first ? primary : second;
      if (f.world.provider.find_account(primary)->entry(id)->deleted) continue;
      REQUIRE(mirror->sync().has_value());
      CHECK(f.check(*mirror, id) == std::vector<std::string>());
    }
  }
  TestMirror fresh(f, f.ada, primary);
  REQUIRE(fresh.sync().has_value());
  CHECK(f.check(fresh, primary) == std::vector<std::string>());
}

TEST_CASE("a full read and deltas after many changes are the truth", "[sim][truth]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) many_changes(seed);
}

TEST_CASE("a full read and deltas after many changes, for long", "[.][long]") {
  for (std::uint64_t seed = 1000; seed < 1300; ++seed) many_changes(seed);
}

TEST_CASE("every kind of change can happen", "[sim][mutator]") {
  Fixture f(3);
  FeedAuthor feed(f.world, f.random, "salon");
  f.mutator.add_feed(feed);
  for (int i = 0; i < 3000; ++i) f.mutator.mutate();
  for (const std::string_view kind : Mutator::kinds()) {
    INFO(kind);
    CHECK(f.mutator.done().contains(kind));
  }
}

TEST_CASE("the truth is what a full list of the emulator's gives", "[sim][truth]") {
  Fixture f(5);
  for (int i = 0; i < 200; ++i) f.mutator.mutate();
  const emulator::Response answer = f.world.call(
      "GET", "/calendar/v3/calendars/primary/events?maxResults=2500&showDeleted=false", {}, f.ada.access_token);
  emulator::Json list;
  REQUIRE(emulator::parse_json(answer.body, list));
  const CalendarTruth truth = truth_of_calendar(f.world, primary, primary);
  std::map<std::string, CanonicalRow> listed;
  for (const emulator::JsonValue& item : emulator::member(list, "items")->GetArray()) {
    CanonicalRow row = expected_row(emulator::json_text(item), truth.time_zone);
    listed.emplace(row.external_event_id, row);
  }
  CHECK(compare(listed, truth.rows) == std::vector<std::string>());
  CHECK(listed.size() > 3);
}

TEST_CASE("a feed is mirrored as its author means it", "[sim][truth][feed]") {
  for (const bool validators : {true, false}) {
    Fixture f(7);
    FeedAuthor feed(f.world, f.random, "salon", validators);
    TestMirror mirror(f, feed.url());
    for (int i = 0; i < 60; ++i) {
      feed.mutate();
      f.clock.advance(1min);
      REQUIRE(mirror.sync().has_value());
      CHECK(compare(mirror.rows(feed.time_zone()), feed.truth()) == std::vector<std::string>());
    }
  }
}

TEST_CASE("differences are told field by field", "[sim][truth]") {
  CanonicalRow one, other;
  one.title = "a";
  other.title = "b";
  CHECK(differences(one, other) == std::vector<std::string>{"title is 'a' instead of 'b'"});
  CHECK(canonical(one) != canonical(other));
  CHECK(canonical_json(R"({"b":[1,{"d":null,"c":"\u0000"}],"a":true})") ==
        "{\"a\":true,\"b\":[1,{\"c\":\"\xef\xbf\xbd\",\"d\":null}]}");
}

TEST_CASE("the same seed makes the same world", "[sim][determinism]") {
  const auto text = [](std::uint64_t seed) {
    Fixture f(seed);
    FeedAuthor feed(f.world, f.random, "salon");
    f.mutator.add_feed(feed);
    std::string all;
    for (int i = 0; i < 100; ++i) all += f.mutator.mutate();
    for (const CalendarTruth& calendar : truth_of(f.world, primary))
      for (const auto& [id, row] : calendar.rows) all += canonical(row);
    return all;
  };
  CHECK(text(11) == text(11));
  CHECK(text(11) != text(12));
}

TEST_CASE("the cost of calls", "[.][bench]") {
  Fixture f(5);
  for (int i = 0; i < 300; ++i) f.mutator.mutate();
  const auto measure = [](const char* name, int times, const auto& work) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) work();
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
    WARN(name << ": " << spent.count() / times << " us");
  };
  TestMirror mirror(f, f.ada, primary);
  WARN("events: " << truth_of_calendar(f.world, primary, primary).rows.size());
  measure("mutate", 500, [&] { f.mutator.mutate(); });
  WARN("events: " << truth_of_calendar(f.world, primary, primary).rows.size());
  measure("truth of a calendar", 500, [&] { truth_of_calendar(f.world, primary, primary); });
  measure("full list, raw", 50,
          [&] { f.get("/calendar/v3/calendars/primary/events?maxResults=250", f.ada.access_token); });
  measure("calendar, without transport", 500,
          [&] { f.world.call("GET", "/calendar/v3/calendars/primary", {}, f.ada.access_token); });
  measure("a sleep", 500, [&] { run_task(f.clock.sleep(1ms), &f.clock); });
  measure("calendar, raw", 500, [&] { f.get("/calendar/v3/calendars/primary", f.ada.access_token); });
  REQUIRE(mirror.sync().has_value());
  measure("empty delta through the adapter", 500, [&] { (void)mirror.sync(); });
  measure("a world with two accounts", 50, [&] {
    EmulatedWorld other(f.clock, 1);
    make_account(other, primary, {{second, "Work"}});
    make_account(other, "bob@example.com", {});
  });
}

}  // namespace
}  // namespace calsync::simulation::testing
