// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <variant>

#include "common/async/clock.hpp"

namespace calsync::testing {

/// A clock that stands still until a test, or run_task, moves it. Sleepers wake in the order of their times, at exactly
/// those times. One thread; it must outlive its sleepers.
class VirtualClock final : public AsyncClock {
 public:
  explicit VirtualClock(Time start = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2)) : start_(start) {}

  Time now() const override { return start_ + elapsed_; }
  Duration monotonic() const override { return elapsed_; }

  Task<void> sleep(Duration duration) override {
    if (duration <= Duration::zero()) co_return;
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    const auto place = sleepers_.emplace(elapsed_ + duration, Sleeper{&timer});
    boost::system::error_code error;
    try {
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    } catch (...) {
      sleepers_.erase(place);
      throw;
    }
    const bool woken = place->second.woken;
    sleepers_.erase(place);
    if (!woken) throw boost::system::system_error(asio::error::operation_aborted);
  }

  /// Moves time on, waking those who are due. They run when the executor next does.
  void advance(Duration duration) {
    elapsed_ += duration;
    for (auto& [when, sleeper] : sleepers_) {
      if (when > elapsed_) break;
      sleeper.woken = true;
      sleeper.timer->cancel();
    }
  }
  /// Moves to the next wake-up. False = nobody sleeps.
  bool advance_to_next() {
    for (const auto& [when, sleeper] : sleepers_) {
      if (sleeper.woken) continue;
      advance(when - elapsed_);
      return true;
    }
    return false;
  }
  std::size_t sleepers() const { return sleepers_.size(); }

 private:
  struct Sleeper {
    asio::steady_timer* timer;
    bool woken = false;
  };
  Time start_;
  Duration elapsed_{0};
  std::multimap<Duration, Sleeper> sleepers_;
};

namespace detail {

template <class T>
struct Outcome {
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value{};
  std::exception_ptr failure{};
  bool done = false;
};

}  // namespace detail

/// Runs `task` on `context` until it ends and returns what it returned or throws what it threw. Given a clock, time
/// jumps to the next wake-up whenever nothing else can run; a task that waits for something that never comes throws
/// logic_error.
template <class T>
T run_task(asio::io_context& context, Task<T> task, VirtualClock* clock = nullptr) {
  detail::Outcome<T> outcome;
  asio::co_spawn(context, std::move(task), [&outcome](std::exception_ptr thrown, auto... kept) {
    outcome.failure = thrown;
    if (!thrown) outcome.value.emplace(std::move(kept)...);
    outcome.done = true;
  });
  while (!outcome.done) {
    context.restart();
    if (context.poll() > 0 || outcome.done) continue;
    if (!clock || !clock->advance_to_next()) throw std::logic_error("the task waits for something that never comes");
  }
  if (outcome.failure) std::rethrow_exception(outcome.failure);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome.value);
}

template <class T>
T run_task(Task<T> task, VirtualClock* clock = nullptr) {
  asio::io_context context;
  return run_task(context, std::move(task), clock);
}

}  // namespace calsync::testing
