// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/sync/outcome.hpp"

using namespace calsync;
using namespace calsync::sync;
using namespace std::chrono_literals;

namespace {

double backoff(const Error& error, Attempt attempt, double unit) {
  return decide(error, attempt, unit).backoff.count();
}

}  // namespace

TEST_CASE("backoff grows exponentially with full jitter and stays within an hour") {
  const Error error = fail(Failure::unavailable, "503");
  const double almost_one = 0.999999;
  double before = 0;
  for (int count = 0; count < 40; ++count) {
    const double longest = backoff(error, {count, 0}, almost_one);
    CHECK(longest <= 3600);
    CHECK(longest >= before);
    CHECK(backoff(error, {count, 0}, 0) == 1);
    before = longest;
  }
  CHECK(backoff(error, {0, 0}, almost_one) == Approx(15).margin(0.1));
  CHECK(backoff(error, {3, 0}, almost_one) == Approx(120).margin(0.1));
  CHECK(before == Approx(3600).margin(1));
}

TEST_CASE("Retry-After is honoured in full, with jitter only on top") {
  for (const auto wait : {0s, 1s, 30s, 120s, 3600s, 86400s}) {
    for (const double unit : {0.0, 0.5, 0.999}) {
      const double got = backoff(fail(Failure::throttled, "429", wait), {0, 0}, unit);
      CHECK(got >= static_cast<double>(wait.count()));
      CHECK(got <= static_cast<double>(wait.count()) * 1.1 + 60);
    }
    CHECK(backoff(fail(Failure::throttled, "429", wait), {9, 0}, 0.999) >= 3500);
  }
  CHECK(backoff(fail(Failure::throttled, "429", std::chrono::seconds(1LL << 40)), {0, 0}, 0) ==
        static_cast<double>(longest_wait.count()));
}

TEST_CASE("a dead grant needs two proofs before a person is asked") {
  const Error dead = fail(Failure::grant_dead, "token expired or revoked");
  const Outcome first = decide(dead, {0, 0}, 0.5);
  CHECK(first.verdict == Verdict::retry);
  CHECK(first.grant_refusals == 1);
  CHECK(first.backoff < 2min);
  CHECK(first.last_error == "invalid_token: token expired or revoked");
  const Outcome second = decide(dead, {1, first.grant_refusals}, 0.5);
  CHECK(second.verdict == Verdict::suspend);
  CHECK(second.backoff > 24h * 300);
}

TEST_CASE("the operator's mistakes never mark users") {
  const Outcome outcome = decide(fail(Failure::misconfigured, "invalid_client"), {500, 1}, 0.5);
  CHECK(outcome.verdict == Verdict::retry);
  CHECK(outcome.grant_refusals == 1);
  CHECK(outcome.backoff <= 10min);
}

TEST_CASE("verdicts by failure") {
  const std::pair<Failure, Verdict> cases[] = {
      {Failure::scope_missing, Verdict::retry},   {Failure::lease_lost, Verdict::discard},
      {Failure::cancelled, Verdict::discard},     {Failure::throttled, Verdict::retry},
      {Failure::quota_exhausted, Verdict::retry}, {Failure::unavailable, Verdict::retry},
      {Failure::network, Verdict::retry},         {Failure::timeout, Verdict::retry},
      {Failure::malformed, Verdict::retry},       {Failure::rejected, Verdict::retry},
      {Failure::not_found, Verdict::retry},       {Failure::database, Verdict::retry},
      {Failure::internal, Verdict::retry},        {Failure::conflict, Verdict::retry},
      {Failure::cursor_expired, Verdict::retry}};
  for (const auto& [failure, verdict] : cases) CHECK(decide(fail(failure, "x"), {}, 0.5).verdict == verdict);
  CHECK(completed().verdict == Verdict::complete);
}

TEST_CASE("nothing that looks permanent is retried for ever") {
  for (const Failure failure : {Failure::rejected, Failure::not_found, Failure::malformed, Failure::internal}) {
    CHECK(decide(fail(failure, "x"), {28, 0}, 0.5).verdict == Verdict::retry);
    CHECK(decide(fail(failure, "x"), {29, 0}, 0.5).verdict == Verdict::suspend);
  }
  // Each run is given a new access token, and each is refused: the grant lives and is of no use.
  const Error refused = fail(Failure::token_rejected, "401");
  CHECK(backoff(refused, {0, 0}, 0.999) < 75);
  CHECK(backoff(refused, {8, 0, true}, 0.999) >= 3500);
  CHECK(decide(refused, {28, 0, true}, 0.5).verdict == Verdict::retry);
  CHECK(decide(refused, {29, 0, true}, 0.5).verdict == Verdict::suspend);
  // After a day of other failures the first refusal proves nothing.
  CHECK(decide(refused, {29, 0, false}, 0.5).verdict == Verdict::retry);
  // An outage is not the connection's fault, however long it takes.
  CHECK(decide(fail(Failure::unavailable, "x"), {10000, 0}, 0.5).verdict == Verdict::retry);
}

TEST_CASE("a connection whose runs end with their worker is suspended after five of them") {
  for (int ends = 0; ends < 5; ++ends) CHECK_FALSE(poisoned(ends, 0));
  for (const int ends : {5, 6, 1000}) {
    const auto outcome = poisoned(ends, 1);
    REQUIRE(outcome);
    CHECK(outcome->verdict == Verdict::suspend);
    CHECK(outcome->backoff > 24h * 300);
    CHECK(outcome->grant_refusals == 1);
    CHECK(outcome->last_error.starts_with("internal_error: the last " + std::to_string(ends) +
                                          " runs of this connection ended with their worker"));
  }
}

TEST_CASE("a run that is given up passes on what it was told last") {
  const Error stopped = fail(Failure::cancelled, "the worker stops");
  const auto passed_on = [&](const Result<void>& heard) { return given_up(stopped, heard, {3, 1}, 0.5); };
  const auto check_nothing = [](const Outcome& outcome) {
    CHECK(outcome.pause.count() == 0);
    CHECK(outcome.backoff.count() == 0);
    CHECK(outcome.grant_refusals == 1);
  };
  for (const Result<void>& heard : {Result<void>(), Result<void>(stopped), Result<void>(fail(Failure::network, "x")),
                                    Result<void>(fail(Failure::rejected, "x"))}) {
    const Outcome outcome = passed_on(heard);
    CHECK(outcome.verdict == Verdict::discard);
    CHECK(outcome.last_error == "lease_lost: the worker stops");
    check_nothing(outcome);
  }
  Error busy = fail(Failure::throttled, "x");
  busy.retry_after = 100s;
  CHECK(passed_on(busy).pause.count() >= 100);
  CHECK(passed_on(busy).grant_refusals == 1);
  for (const Failure failure : {Failure::grant_dead, Failure::token_rejected, Failure::scope_missing}) {
    const Outcome outcome = passed_on(fail(failure, "x"));
    CHECK(outcome.verdict == Verdict::discard);
    CHECK(outcome.grant_refusals == 2);
    CHECK(outcome.pause.count() == 0);
    CHECK(outcome.backoff == 65s);
  }
}
