// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "common/sync/rate.hpp"

using namespace calsync;
using namespace calsync::sync;
using namespace std::chrono_literals;

namespace {

/// The most calls in any window of this length.
std::size_t most_within(const std::vector<Duration>& calls, Duration window) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < calls.size(); ++last) {
    while (calls[last] - calls[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

/// Two workers with allowances from one bucket; calls come in bursts and pauses.
std::vector<Duration> calls_of_two_workers(const Quota& quota, unsigned seed) {
  std::mt19937 random(seed);
  const BucketShape shape = bucket_of(quota);
  double tokens = shape.burst;
  Duration updated{0};
  Allowance workers[2];
  std::vector<Duration> calls;
  for (Duration now{0}; now < 20min; now += 20ms) {
    if (now / 90s % 3 == 2 && random() % 4 != 0) continue;
    Allowance& worker = workers[random() % 2];
    if (worker.left(now) < 1) {
      tokens = level_after(shape, tokens, now - updated);
      updated = now;
      const double granted = std::min(std::floor(tokens), chunk_of(shape, shape.per_second, random() % 50));
      tokens -= granted;
      if (granted > 0) worker.grant(granted, now);
    }
    while (random() % 8 != 0 && worker.take(now)) calls.push_back(now);
  }
  return calls;
}

}  // namespace

TEST_CASE("whenever a window begins, its calls stay within the quota and use most of it") {
  for (const double calls : {20.0, 60.0, 600.0, 10000.0}) {
    const Quota quota{calls, 60s};
    for (unsigned seed = 1; seed <= 20; ++seed) {
      const std::size_t most = most_within(calls_of_two_workers(quota, seed), 60s);
      CHECK(static_cast<double>(most) <= calls);
      if (calls == 600) CHECK(static_cast<double>(most) > calls * 0.7);
    }
  }
}

TEST_CASE("no quota is no bucket") {
  CHECK(bucket_of({}).unlimited());
  CHECK(until_next(bucket_of({}), 0) == 0s);
  AccountBudget budget({}, 1e9, 0s, 0s);
  CHECK(budget.take(0s) == 0s);
}

TEST_CASE("an allowance is lost when its time is over") {
  Allowance allowance;
  CHECK_FALSE(allowance.take(0s));
  allowance.grant(2, 10s);
  CHECK(allowance.take(10s));
  CHECK(allowance.take(10s + 999ms));
  CHECK_FALSE(allowance.take(10s + 999ms));
  allowance.grant(5, 20s);
  CHECK_FALSE(allowance.take(20s + allowance_life));
}

TEST_CASE("chunks follow the demand and leave something for the others") {
  const BucketShape shape = bucket_of({10000, 60s});
  CHECK(chunk_of(shape, 0, 0) == 1);
  CHECK(chunk_of(shape, 100, 0) == 25);
  CHECK(chunk_of(shape, 0, 40) == 40);
  CHECK(chunk_of(shape, 1e6, 1000) == 500);
  CHECK(chunk_of(bucket_of({5, 60s}), 100, 100) == 1);
}

TEST_CASE("an account's budget goes from run to run") {
  const BucketShape shape = bucket_of({600, 60s});  // 7.5 a second, 120 at once
  AccountBudget first(shape, 0, 0s, 0s);
  for (int i = 0; i < 120; ++i) REQUIRE(first.take(0s) == 0s);
  CHECK(first.take(0s) == Duration(133334));
  CHECK(first.take(134ms) == 0s);
  // Ten seconds later another worker goes on where this one stopped.
  AccountBudget second(shape, first.drained(134ms), 10s, 0s);
  int made = 0;
  while (second.take(0s) == 0s) ++made;
  CHECK(made == 75);
  CHECK(AccountBudget(shape, 120, 1h, 0s).drained(0s) == 0);
}

TEST_CASE("a run that has to wait for its account comes back when it can get further") {
  const BucketShape shape = bucket_of({10, 60s});  // one in eight seconds, 2 at once
  AccountBudget first(shape, 1, 0s, 0s);
  REQUIRE(first.take(0s) == 0s);
  CHECK(first.take(0s) == 8s);
  CHECK(first.until_further(0s) == 16s);
  AccountBudget again(shape, first.drained(0s), 16s, 0s);
  CHECK(again.take(0s) == 0s);
  CHECK(again.take(0s) == 0s);
  // More than a full bucket is never there at once.
  CHECK(again.take(0s) == 8s);
  CHECK(again.until_further(0s) == 16s);
  CHECK(AccountBudget(shape, 2, 0s, 0s).until_further(0s) == 8s);
}

TEST_CASE("the wait for the next token is what is missing of it") {
  const BucketShape shape{2, 10};
  CHECK(until_next(shape, 1) == 0s);
  CHECK(until_next(shape, 0) == 500ms);
  CHECK(until_next(shape, -3) == 2s);
  CHECK(level_after(shape, 0, 2s) == 4);
  CHECK(level_after(shape, 0, 1h) == 10);
  CHECK(level_after(shape, 3, -5s) == 3);
}
