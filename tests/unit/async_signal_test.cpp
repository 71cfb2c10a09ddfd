// SPDX-License-Identifier: Apache-2.0
#include "common/async/signal.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <optional>

#include "common/async/cancelled.hpp"
#include "manual_clock.hpp"

namespace calsync {
namespace {

using namespace std::chrono_literals;
using testing::ManualClock;

/// Runs one waiting coroutine and keeps what it returned.
struct Waiter {
  asio::io_context context;
  ManualClock clock;
  asio::cancellation_signal cancel;
  std::optional<bool> woken;
  std::exception_ptr exception;

  void begin(Task<bool> waiting) {
    woken.reset();
    const auto keep = [this](std::exception_ptr failure, bool result) {
      exception = failure;
      if (!failure) woken = result;
    };
    asio::co_spawn(context, std::move(waiting), asio::bind_cancellation_slot(cancel.slot(), keep));
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

Task<bool> wait_without_limit(Signal& signal) {
  co_await signal.wait();
  co_return true;
}

TEST_CASE("a wait without a limit ends with set(), also with one that came before", "[async][signal]") {
  Waiter waiter;
  Signal signal(waiter.context.get_executor());
  waiter.begin(wait_without_limit(signal));
  CHECK_FALSE(waiter.woken.has_value());
  waiter.clock.advance(24h);
  waiter.settle();
  CHECK_FALSE(waiter.woken.has_value());
  signal.set();
  waiter.settle();
  CHECK(waiter.woken == true);
  signal.set();
  waiter.begin(wait_without_limit(signal));
  CHECK(waiter.woken == true);
}

TEST_CASE("a signal wakes one wait, now or later", "[async][signal]") {
  Waiter waiter;
  Signal signal(waiter.context.get_executor());
  SECTION("set while waiting") {
    waiter.begin(signal.wait(waiter.clock, 10s));
    CHECK_FALSE(waiter.woken);
    signal.set();
    waiter.settle();
    CHECK(waiter.woken == true);
    CHECK(waiter.clock.waiting() == 0);
  }
  SECTION("set before") {
    signal.set();
    waiter.begin(signal.wait(waiter.clock, 10s));
    CHECK(waiter.woken == true);
  }
  SECTION("set before, without time to wait") {
    signal.set();
    waiter.begin(signal.wait(waiter.clock, 0s));
    CHECK(waiter.woken == true);
  }
  SECTION("set often before is set once") {
    for (int i = 0; i < 5; ++i) signal.set();
    waiter.begin(signal.wait(waiter.clock, 10s));
    CHECK(waiter.woken == true);
    waiter.begin(signal.wait(waiter.clock, 10s));
    CHECK_FALSE(waiter.woken);
    waiter.advance(10s);
    CHECK(waiter.woken == false);
  }
  SECTION("never set") {
    waiter.begin(signal.wait(waiter.clock, 10s));
    waiter.advance(9s);
    CHECK_FALSE(waiter.woken);
    waiter.advance(1s);
    CHECK(waiter.woken == false);
  }
  SECTION("set after the limit is kept for the next wait") {
    waiter.begin(signal.wait(waiter.clock, 10s));
    waiter.advance(10s);
    CHECK(waiter.woken == false);
    signal.set();
    waiter.begin(signal.wait(waiter.clock, 10s));
    CHECK(waiter.woken == true);
  }
  SECTION("set and limit in the same moment") {
    waiter.begin(signal.wait(waiter.clock, 10s));
    waiter.clock.advance(10s);
    signal.set();
    waiter.settle();
    CHECK(waiter.woken == true);
  }
  SECTION("not set, without time to wait") {
    waiter.begin(signal.wait(waiter.clock, 0s));
    CHECK(waiter.woken == false);
  }
}

TEST_CASE("a cancelled wait ends with operation_aborted and takes no signal", "[async][signal]") {
  Waiter waiter;
  Signal signal(waiter.context.get_executor());
  waiter.begin(signal.wait(waiter.clock, 10s));
  waiter.cancel.emit(asio::cancellation_type::terminal);
  waiter.settle();
  REQUIRE(waiter.exception);
  CHECK(is_cancellation(waiter.exception));
  CHECK(waiter.clock.waiting() == 0);
  signal.set();
  waiter.begin(signal.wait(waiter.clock, 0s));
  CHECK(waiter.woken == true);
}

TEST_CASE("a drain waits for the last one to leave", "[async][running]") {
  Waiter waiter;
  Running running(waiter.context.get_executor());
  SECTION("nobody runs") {
    waiter.begin(running.drained(waiter.clock, 10s));
    CHECK(waiter.woken == true);
  }
  SECTION("two leave in time") {
    running.enter();
    running.enter();
    waiter.begin(running.drained(waiter.clock, 10s));
    running.leave();
    waiter.settle();
    CHECK_FALSE(waiter.woken);
    running.leave();
    waiter.settle();
    CHECK(waiter.woken == true);
  }
  SECTION("one stays") {
    running.enter();
    waiter.begin(running.drained(waiter.clock, 10s));
    waiter.advance(10s);
    CHECK(waiter.woken == false);
    CHECK(running.count() == 1);
  }
  SECTION("an earlier time at zero does not count") {
    running.enter();
    running.leave();
    running.enter();
    waiter.begin(running.drained(waiter.clock, 10s));
    CHECK_FALSE(waiter.woken);
    running.leave();
    waiter.settle();
    CHECK(waiter.woken == true);
  }
}

}  // namespace
}  // namespace calsync
