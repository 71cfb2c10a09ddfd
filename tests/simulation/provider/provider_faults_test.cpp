// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/provider_faults.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/simulation/provider/feed_author.hpp"
#include "tests/simulation/provider/mutator.hpp"
#include "tests/simulation/provider/push_messages.hpp"
#include "tests/simulation/provider/test_mirror.hpp"
#include "tests/simulation/provider/truth.hpp"

namespace calsync::simulation::testing {
namespace {

const std::string primary = "ada@example.com", second = "work@group.calendar.google.com";

/// A world with a client that does all that clients do.
struct Fixture : TestWorld {
  explicit Fixture(std::uint64_t seed) : TestWorld(seed) {
    mutator.add_feed(feed);
    for (int i = 0; i < 60; ++i) change();
    for (TestMirror* mirror : mirrors()) REQUIRE(mirror->sync().has_value());
    watch();
  }

  Grant ada = make_account(world, primary, {{second, "Work", "America/New_York", "owner"}});
  FeedAuthor feed{world, random, "salon"};
  Mutator mutator{world, random, {ada}};
  FaultContext faults{world, random, {ada}, {"salon"}};
  TestMirror first{*this, ada, primary}, other{*this, ada, second}, subscribed{*this, feed.url()};
  PushMessages push{world};
  int channels = 0, pushes = 0;

  std::vector<TestMirror*> mirrors() { return {&first, &other, &subscribed}; }

  /// Neither calendars nor roles: what they are to be is checked after heal().
  void change() {
    for (const char* kind :
         {"insert_timed", "edit_words", "insert_series", "move_occurrence", "edit_series", "recreate"})
      mutator.mutate(kind);
    feed.mutate();
  }

  net::HttpRequest post(std::string_view path, std::string body, std::string type, const std::string& token = {}) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = std::string(provider_origin).append(path);
    request.body = Secret(std::move(body));
    request.content_type = std::move(type);
    if (!token.empty()) request.authorization = Secret("Bearer " + token);
    return request;
  }
  void watch() {
    const std::string body = fmt::format(
        R"({{"id":"c{}","type":"web_hook","address":"https://calsync.sim/hook","token":"secret"}})", ++channels);
    (void)send(post("/calendar/v3/calendars/primary/events/watch", body, "application/json", ada.access_token));
  }
  void stop_oldest() {
    for (const auto& [id, channel] : world.provider.push.channels.all()) {
      if (!channel->open()) continue;
      const std::string body = fmt::format(R"({{"id":"{}","resourceId":"{}"}})", id, channel->resource_id);
      (void)send(post("/calendar/v3/channels/stop", body, "application/json", ada.access_token));
      return;
    }
  }
  void round(int number) {
    change();
    ada = grant_again(world, primary);
    for (TestMirror* mirror : mirrors()) {
      if (number % 3 == 2) mirror->forget_cursor();
      (void)mirror->sync();
    }
    (void)get("/calendar/v3/users/me/calendarList", ada.access_token);
    (void)send(post("/token",
                    fmt::format("grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
                                ada.refresh_token, client_id, client_secret),
                    "application/x-www-form-urlencoded"));
    watch();
    stop_oldest();
    clock.advance(1min);
    while (auto message = push.next_push()) {
      ++pushes;
      push.finished(*std::move(message), {200, {}, {}});
    }
  }
  int fired(std::string_view name) {
    const auto counts = faults.fired();
    const auto found = counts.find(std::string(name));
    return found == counts.end() ? 0 : found->second;
  }
  std::vector<std::string> check() {
    std::vector<std::string> found;
    for (const auto& [mirror, id] : {std::pair(&first, primary), std::pair(&other, second)}) {
      const CalendarTruth truth = truth_of_calendar(world, primary, id);
      for (std::string& line : compare(mirror->rows(truth.time_zone), truth.rows)) found.push_back(id + " " + line);
    }
    for (std::string& line : compare(subscribed.rows(feed.time_zone()), feed.truth())) found.push_back(line);
    return found;
  }
};

TEST_CASE("each fault fires, is counted, ends with heal, and leaves what can be mirrored", "[sim][faults]") {
  for (const ProviderFault& fault : provider_faults()) {
    INFO(fault.name);
    Fixture f(17);
    f.faults.arm(fault);
    // What becomes true at once needs nobody's call.
    for (int number = 0; number < 12 && f.fired(fault.name) == 0; ++number) f.round(number);
    f.round(0);
    CHECK(f.fired(fault.name) > 0);
    f.faults.heal();
    const int before = f.fired(fault.name);
    for (TestMirror* mirror : f.mirrors()) CHECK(mirror->settle());
    f.round(0);
    for (TestMirror* mirror : f.mirrors()) CHECK(mirror->settle());
    CHECK(f.fired(fault.name) == before);
    CHECK(f.check() == std::vector<std::string>());
  }
}

void many_faults(std::uint64_t seed) {
  INFO("seed " << seed);
  Fixture f(seed);
  for (int number = 0; number < 15; ++number) {
    for (int i = 0; i < 3; ++i) f.faults.arm(f.faults.dice.pick(provider_faults()));
    f.round(number);
  }
  f.faults.heal();
  for (TestMirror* mirror : f.mirrors()) CHECK(mirror->settle());
  CHECK(f.check() == std::vector<std::string>());
}

TEST_CASE("many faults at once leave what can be mirrored", "[sim][faults]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) many_faults(seed);
}

TEST_CASE("many faults at once, for long", "[.][long]") {
  for (std::uint64_t seed = 1000; seed < 1500; ++seed) many_faults(seed);
}

TEST_CASE("there are enough kinds, with names of their own, in four families", "[sim][faults]") {
  std::set<std::string_view> names, families;
  for (const ProviderFault& fault : provider_faults()) {
    CHECK(names.insert(fault.name).second);
    families.insert(fault.family);
  }
  CHECK(names.size() >= 60);
  CHECK(families == std::set<std::string_view>{"http", "meaning", "network", "push"});
}

TEST_CASE("a fault that nobody meets is over when its life is", "[sim][faults]") {
  Fixture f(3);
  f.faults.set_life(5min);
  f.faults.arm(provider_fault("unavailable_503"));
  f.faults.arm(provider_fault("refused"));
  f.clock.advance(6min);
  for (TestMirror* mirror : f.mirrors()) CHECK(mirror->sync().has_value());
  CHECK(f.faults.fired().empty());
}

std::string transcript(std::uint64_t seed) {
  Fixture f(seed);
  std::string text;
  for (int number = 0; number < 10; ++number) {
    f.faults.arm(f.faults.dice.pick(provider_faults()));
    f.round(number);
  }
  for (const auto& [name, times] : f.faults.fired()) text += fmt::format("{} {}\n", name, times);
  text += fmt::format("{} {} {}", f.clock.monotonic().count(), f.transport.calls(), f.pushes);
  for (const auto& [id, row] : truth_of_calendar(f.world, primary, primary).rows) text += canonical(row);
  return text;
}

TEST_CASE("faults follow from the seed", "[sim][faults][determinism]") {
  CHECK(transcript(5) == transcript(5));
  CHECK(transcript(5) != transcript(6));
}

// Two processes must print the same.
TEST_CASE("the digest of a world", "[.][digest]") { WARN(std::hash<std::string>()(transcript(5))); }

TEST_CASE("a damaged event is seen damaged, and comes again", "[sim][faults]") {
  for (const std::string_view kind : {"number_poison", "lone_surrogate", "missing_start", "bad_time", "wrong_types",
                                      "null_etag", "nul_escape", "huge_title", "older_version", "skewed_updated"}) {
    INFO(kind);
    Fixture f(23);
    f.first.forget_cursor();
    f.world.call("POST", "/control/faults", fmt::format(R"({{"kind":"{}","count":3}})", kind));
    REQUIRE(f.first.sync().has_value());
    CHECK(f.check() != std::vector<std::string>());
    REQUIRE(f.first.sync().has_value());
    CHECK(f.check() == std::vector<std::string>());
  }
}

TEST_CASE("a list that lags or skips is put right by the next delta", "[sim][faults]") {
  for (const std::string_view kind : {"stale_replica", "page_skip"}) {
    INFO(kind);
    Fixture f(24);
    f.change();
    TestMirror fresh(f, f.ada, primary);
    f.world.call("POST", "/control/faults", fmt::format(R"({{"kind":"{}","count":5}})", kind));
    REQUIRE(fresh.sync().has_value());
    const auto wrong = [&] {
      const CalendarTruth truth = truth_of_calendar(f.world, primary, primary);
      return !compare(fresh.rows(truth.time_zone), truth.rows).empty();
    };
    CHECK(wrong());
    REQUIRE(fresh.sync().has_value());
    CHECK_FALSE(wrong());
  }
}

TEST_CASE("an event that a page skipped is on every page of the calendar that it moves to", "[sim][faults]") {
  TestWorld world;
  const Grant ada = make_account(world.world, primary, {{second, "Work", "America/New_York", "owner"}});
  const auto put = [&](const std::string& calendar, std::string_view id) {
    world.world.call("POST", "/control/events",
                     fmt::format(R"({{"email":"{}","calendar_id":"{}","event":{{"id":"{}",)"
                                 R"("start":{{"date":"2026-03-02"}},"end":{{"date":"2026-03-03"}}}}}})",
                                 primary, calendar, id));
  };
  const auto last_change = [&](const std::string& calendar) {
    return world.world.provider.find_calendar(calendar)->last_change();
  };
  put(primary, "stays01");
  put(primary, "moves01");
  const std::uint64_t snapshot = last_change(primary);
  world.world.call("POST", "/control/faults", R"({"kind":"page_skip","times":1})");
  TestMirror from(world, ada, primary);
  REQUIRE(from.sync().has_value());
  REQUIRE_FALSE(from.rows("UTC").contains("moves01"));

  // The list of the other calendar begins at the change of the same number.
  for (int number = 0; last_change(second) + 1 < snapshot; ++number) put(second, fmt::format("other{}", number));
  world.world.call("POST", "/control/events/move",
                   fmt::format(R"({{"email":"{}","calendar_id":"{}","event_id":"moves01","destination":"{}"}})",
                               primary, primary, second));
  REQUIRE(last_change(second) == snapshot);
  world.world.call("POST", "/control/settings", R"({"short_pages":1})");
  TestMirror to(world, ada, second);
  REQUIRE(to.sync().has_value());
  const CalendarTruth truth = truth_of_calendar(world.world, primary, second);
  CHECK(compare(to.rows(truth.time_zone), truth.rows) == std::vector<std::string>());
}

}  // namespace
}  // namespace calsync::simulation::testing
