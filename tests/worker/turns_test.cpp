// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/turns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "fleet.hpp"

using namespace calsync;
using namespace calsync::testing;
using namespace std::chrono_literals;
using store::Rank;
using worker::in_turns;

namespace {

store::Candidate candidate(int number, const std::string& owner, Rank rank, std::chrono::milliseconds overdue = 1s) {
  return {ConnectionId::trusted(fmt::format("c{:05}", number)), OwnerId::trusted(owner), "google", rank, overdue};
}

std::size_t place_of(const std::deque<store::Candidate>& turns, int number) {
  const auto id = ConnectionId::trusted(fmt::format("c{:05}", number));
  return static_cast<std::size_t>(
      std::find_if(turns.begin(), turns.end(), [&](const auto& one) { return one.connection == id; }) - turns.begin());
}

Duration percentile(std::vector<Duration> all, double share) {
  std::sort(all.begin(), all.end());
  return all.at(static_cast<std::size_t>(static_cast<double>(all.size() - 1) * share));
}

/// How late 2,000 connections of 1,000 owners are claimed in an hour, beside one owner's failing calendars.
Duration lateness_beside(int failing) {
  FleetOptions options;
  options.workers = 1;
  options.concurrency = 64;
  Fleet fleet(options);
  for (int i = 0; i < failing; ++i) fleet.queue.add("failing", 0s);
  for (int i = 0; i < 2000; ++i) fleet.queue.add("owner" + std::to_string(i / 2), Duration(300s) * i / 2000);
  fleet.failure_of = [](const sync::Claim& claim) -> std::optional<Error> {
    if (claim.owner.str() == "failing") return fail(Failure::unavailable, "503");
    return std::nullopt;
  };
  std::vector<Duration> late;
  fleet.queue.on_claim = [&](const ConnectionId& id, Duration overdue) {
    if (fleet.queue.rows().at(id).owner.str() != "failing") late.push_back(overdue);
  };
  fleet.pass(20min);
  REQUIRE(late.size() > 7000);
  return percentile(std::move(late), 0.99);
}

}  // namespace

TEST_CASE("ranks come in their order, and within a rank owners in turn") {
  std::vector<store::Candidate> found;
  for (int i = 0; i < 3; ++i) found.push_back(candidate(i, "a", Rank::poll));
  found.push_back(candidate(10, "b", Rank::poll));
  found.push_back(candidate(20, "a", Rank::interactive));
  found.push_back(candidate(21, "a", Rank::push));
  found.push_back(candidate(22, "a", Rank::outbound));
  const auto turns = in_turns(std::move(found));
  REQUIRE(turns.size() == 7);
  CHECK(place_of(turns, 20) == 0);
  CHECK(place_of(turns, 21) == 1);
  CHECK(place_of(turns, 22) == 2);
  CHECK(place_of(turns, 0) == 3);
  CHECK(place_of(turns, 10) == 4);
}

TEST_CASE("every eighth place goes to what waits longest, and nobody has two") {
  std::vector<store::Candidate> found;
  for (int i = 0; i < 500; ++i) found.push_back(candidate(i, "owner" + std::to_string(i), Rank::interactive));
  for (int i = 500; i < 600; ++i) found.push_back(candidate(i, "owner" + std::to_string(i), Rank::backfill, 1h));
  found.push_back(candidate(3, "owner3", Rank::interactive));
  const auto turns = in_turns(std::move(found));
  CHECK(turns.size() == 600);
  for (int i = 0; i < 60; ++i) CHECK(place_of(turns, 500 + i) == static_cast<std::size_t>(8 * i + 7));
  CHECK(place_of(turns, 3) < 5);
}

TEST_CASE("nothing found is nothing in turn") { CHECK(in_turns({}).empty()); }

TEST_CASE("somebody who waits is served before 440 background jobs") {
  FleetOptions options;
  options.workers = 1;
  options.concurrency = 4;
  options.latency = 2s;
  Fleet fleet(options);
  for (int i = 0; i < 440; ++i) fleet.queue.add("owner" + std::to_string(i), 0s, Rank::backfill);
  const ConnectionId waits = fleet.queue.add("person", 1h);
  fleet.pass(20s);
  fleet.queue.wake(waits);
  const Duration woken = fleet.now();
  fleet.pass(10s);
  CHECK(fleet.queue.rows().at(waits).synced > woken);
}

TEST_CASE("one owner's 5,000 failing calendars do not delay the others") {
  const Duration alone = lateness_beside(0);
  const Duration beside = lateness_beside(5000);
  std::printf("fairness: p99 of lateness %.0f ms alone, %.0f ms beside 5,000 failing calendars\n",
              static_cast<double>(alone.count()) / 1000, static_cast<double>(beside.count()) / 1000);
  CHECK(beside <= alone * 1.1);
}
