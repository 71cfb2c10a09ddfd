// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>

#include "fleet.hpp"

using namespace calsync;
using namespace calsync::testing;
using namespace std::chrono_literals;

namespace {

struct Drill {
  int connections = 10000;
  int workers = 2;
  Duration outage = 30min;
  unsigned seed = 1;
};

/// Connections that are polled every five minutes, an outage, and what follows.
struct Course {
  explicit Course(const Drill& drill) : fleet(options_of(drill), drill.seed), size(drill.connections) {
    fleet.circuits.rate = {static_cast<double>(size), size / 300.0};
    for (int i = 0; i < size; ++i) {
      const std::string owner = "owner" + std::to_string(i / 2);
      fleet.queue.add(owner, Duration(300s) * i / size);
    }
    fleet.failure_of = [this](const sync::Claim&) -> std::optional<Error> {
      if (away) return fail(Failure::unavailable, "503");
      return std::nullopt;
    };
    fleet.pass(15min);
    begun = fleet.now();
    away = true;
    fleet.pass(drill.outage);
    away = false;
    ended = fleet.now();
  }
  static FleetOptions options_of(const Drill& drill) {
    FleetOptions options;
    options.workers = drill.workers;
    return options;
  }
  double steady_per_10s() const { return fleet.calls_between(begun - 600s, begun) / 60.0; }
  int not_synced_since(Duration moment) const {
    return static_cast<int>(std::count_if(fleet.queue.rows().begin(), fleet.queue.rows().end(),
                                          [&](const auto& one) { return one.second.synced < moment; }));
  }
  bool was_said(std::string_view text) const {
    return std::any_of(fleet.said().begin(), fleet.said().end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  Fleet fleet;
  int size;
  bool away = false;
  Duration begun{0};
  Duration ended{0};
};

Duration until_all_in_step(Course& course) {
  while (course.not_synced_since(course.ended) > 0 && course.fleet.now() < course.ended + 1h) course.fleet.pass(5s);
  return course.fleet.now() - course.ended;
}

}  // namespace

TEST_CASE("10,000 connections come back from an outage of 30 minutes without a herd") {
  for (const Drill& drill : {Drill{}, Drill{10000, 4, 30min, 7}}) {
    Course course(drill);
    const double steady = course.steady_per_10s();
    const int meanwhile = course.fleet.calls_between(course.begun, course.ended);
    const int after_opening = course.fleet.calls_between(course.begun + 60s, course.ended);
    const Duration in_step = until_all_in_step(course);
    course.fleet.pass(15min);
    const int most = course.fleet.most_calls(course.ended, course.fleet.now() - 10s, 10);
    std::printf(
        "outage: steady %.0f calls per 10 s; %d in the outage, %d of them after its first minute; at most %d per "
        "10 s afterwards (%.2f x steady); all in step after %.0f s\n",
        steady, meanwhile, after_opening, most, most / steady, std::chrono::duration<double>(in_step).count());
    CHECK(steady == Approx(10000 / 300.0 * 2 * 10).epsilon(0.02));
    CHECK(meanwhile < steady * 180 / 100);
    CHECK(after_opening < 60);
    CHECK(most <= 2 * steady);
    CHECK(in_step < 8min);
    CHECK(course.was_said("is away"));
    CHECK(course.was_said("is back"));
    const auto& rows = course.fleet.queue.rows();
    const auto failed = std::count_if(rows.begin(), rows.end(), [](const auto& one) { return one.second.error_count; });
    CHECK(failed == 0);
  }
}

TEST_CASE("a few accounts fail and recover each by itself, as without a breaker") {
  Course course({4, 1, 10min, 3});
  CHECK_FALSE(course.was_said("is away"));
  CHECK(std::all_of(course.fleet.queue.rows().begin(), course.fleet.queue.rows().end(),
                    [](const auto& one) { return one.second.error_count > 2; }));
}

TEST_CASE("people's wishes come first while an outage is worked off") {
  Course course({3000, 2, 30min, 5});
  while (!course.was_said("worked off slowly")) course.fleet.pass(1s);
  course.fleet.pass(5s);
  std::vector<ConnectionId> asked;
  for (const auto& [id, row] : course.fleet.queue.rows()) {
    if (row.synced < course.ended && asked.size() < 5) asked.push_back(id);
  }
  REQUIRE(asked.size() == 5);
  for (const ConnectionId& id : asked) course.fleet.queue.wake(id);
  course.fleet.pass(10s);
  for (const ConnectionId& id : asked) CHECK(course.fleet.queue.rows().at(id).synced > course.ended);
}
