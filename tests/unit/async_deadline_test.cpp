// SPDX-License-Identifier: Apache-2.0
#include "common/async/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "common/async/cancelled.hpp"
#include "manual_clock.hpp"
#include "print_result.hpp"

namespace calsync {
namespace {

using namespace std::chrono_literals;
using testing::ManualClock;

Task<Result<std::string>> answer_after(ManualClock& clock, Duration wait, std::string text) {
  co_await clock.sleep(wait);
  co_return text;
}

Task<Result<std::string>> fail_after(ManualClock& clock, Duration wait) {
  co_await clock.sleep(wait);
  co_return fail(Failure::network, "broken");
}

Task<Result<std::string>> throw_after(ManualClock& clock, Duration wait) {
  co_await clock.sleep(wait);
  throw std::runtime_error("a bug");
}

/// An operation that turns its cancellation into a result, as the transport does.
Task<Result<std::string>> swallow_cancellation(ManualClock& clock) {
  try {
    co_await clock.sleep(24h);
  } catch (const boost::system::system_error&) {
    co_return fail(Failure::cancelled, "stopped");
  }
  co_return std::string();
}

struct Attempt {
  asio::io_context context;
  ManualClock clock;
  asio::cancellation_signal cancel;
  std::optional<Result<std::string>> answer;
  std::exception_ptr exception;

  void begin(Task<Result<std::string>> operation, Duration limit) {
    const auto keep = [this](std::exception_ptr failure, Result<std::string> result) {
      exception = failure;
      if (!failure) answer = std::move(result);
    };
    asio::co_spawn(context, with_deadline(clock, Deadline(clock, limit), std::move(operation)),
                   asio::bind_cancellation_slot(cancel.slot(), keep));
    settle();
  }
  void settle() {
    context.restart();
    while (context.poll() > 0) {
    }
  }
  void advance(Duration time) {
    clock.advance(time);
    settle();
  }
};

TEST_CASE("an operation that ends in time keeps its result", "[async][deadline]") {
  Attempt attempt;
  SECTION("success") {
    attempt.begin(answer_after(attempt.clock, 5s, "yes"), 10s);
    CHECK_FALSE(attempt.answer);
    attempt.advance(5s);
    REQUIRE(attempt.answer);
    CHECK(attempt.answer->value() == "yes");
  }
  SECTION("success at once") {
    attempt.begin(answer_after(attempt.clock, 0s, "yes"), 10s);
    REQUIRE(attempt.answer);
    CHECK(attempt.answer->value() == "yes");
  }
  SECTION("failure") {
    attempt.begin(fail_after(attempt.clock, 5s), 10s);
    attempt.advance(5s);
    REQUIRE(attempt.answer);
    CHECK(attempt.answer->error().failure == Failure::network);
  }
  SECTION("success in the same moment as the deadline") {
    attempt.begin(answer_after(attempt.clock, 10s, "yes"), 10s);
    attempt.advance(10s);
    REQUIRE(attempt.answer);
    CHECK(attempt.answer->value() == "yes");
  }
  CHECK(attempt.clock.waiting() == 0);
}

TEST_CASE("an operation that is late is cancelled", "[async][deadline]") {
  Attempt attempt;
  const bool swallows = GENERATE(false, true);
  attempt.begin(swallows ? swallow_cancellation(attempt.clock) : answer_after(attempt.clock, 24h, "late"), 10s);
  attempt.advance(9s);
  CHECK_FALSE(attempt.answer);
  attempt.advance(1s);
  REQUIRE(attempt.answer);
  CHECK(attempt.answer->error().failure == Failure::timeout);
  CHECK(attempt.clock.waiting() == 0);
}

TEST_CASE("a deadline that has passed starts nothing", "[async][deadline]") {
  Attempt attempt;
  attempt.begin(answer_after(attempt.clock, 0s, "never"), 0s);
  REQUIRE(attempt.answer);
  CHECK(attempt.answer->error().failure == Failure::timeout);
}

TEST_CASE("an exception passes at once, without waiting for the deadline", "[async][deadline]") {
  Attempt attempt;
  attempt.begin(throw_after(attempt.clock, 1s), 24h);
  attempt.advance(1s);
  REQUIRE(attempt.exception);
  CHECK_THROWS_WITH(std::rethrow_exception(attempt.exception), "a bug");
  CHECK(attempt.clock.waiting() == 0);
}

TEST_CASE("cancelling the waiting coroutine cancels the operation", "[async][deadline]") {
  Attempt attempt;
  const bool swallows = GENERATE(false, true);
  attempt.begin(swallows ? swallow_cancellation(attempt.clock) : answer_after(attempt.clock, 24h, "late"), 48h);
  attempt.cancel.emit(asio::cancellation_type::terminal);
  attempt.settle();
  REQUIRE(attempt.answer);
  CHECK(attempt.answer->error().failure == Failure::cancelled);
  CHECK(attempt.clock.waiting() == 0);
}

TEST_CASE("only operation_aborted is a cancellation", "[async]") {
  const auto aborted = std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted));
  const auto refused = std::make_exception_ptr(boost::system::system_error(asio::error::connection_refused));
  const auto bug = std::make_exception_ptr(std::runtime_error("a bug"));
  CHECK(is_cancellation(aborted));
  CHECK_FALSE(is_cancellation(refused));
  CHECK_FALSE(is_cancellation(bug));
}

TEST_CASE("a deadline only shrinks", "[async][deadline]") {
  ManualClock clock;
  const Deadline deadline(clock, 10s);
  CHECK(deadline.at_most(clock, 3s).remaining(clock) == 3s);
  CHECK(deadline.at_most(clock, 30s).remaining(clock) == 10s);
  clock.advance(11s);
  CHECK(deadline.passed(clock));
  CHECK(deadline.remaining(clock) == 0s);
}

}  // namespace
}  // namespace calsync
