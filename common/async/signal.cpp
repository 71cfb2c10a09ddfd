// SPDX-License-Identifier: Apache-2.0
#include "common/async/signal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "common/async/cancelled.hpp"

namespace calsync {

/// A rendezvous for the one who waits, and a flag for when nobody does. Not a channel with a buffer of one, which would
/// be both: after a cancelled receive Boost 1.81 takes such a buffer for full, and every later set() would be lost.
struct Signal::Flag {
  explicit Flag(asio::any_io_executor executor) : meeting(std::move(executor), 0) {}
  bool take() { return std::exchange(set, false); }

  asio::experimental::channel<void(boost::system::error_code)> meeting;
  bool set = false;
};

Signal::Signal(asio::any_io_executor executor) : flag_(std::make_unique<Flag>(std::move(executor))) {}
Signal::~Signal() = default;

void Signal::set() {
  const bool met = flag_->meeting.try_send(boost::system::error_code());
  if (!met) flag_->set = true;
}

Task<bool> Signal::wait(AsyncClock& clock, Duration limit) {
  if (flag_->take()) co_return true;
  if (limit <= Duration::zero()) co_return false;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Task<void> alarm = clock.sleep(limit);
  auto group = asio::experimental::make_parallel_group(flag_->meeting.async_receive(asio::deferred),
                                                       asio::co_spawn(executor, std::move(alarm), asio::deferred));
  const auto [order, not_met, alarm_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  // Whichever came first: a set() that happened must not be lost, not even one after the alarm.
  if (!not_met || flag_->take()) co_return true;
  if (alarm_failure) std::rethrow_exception(alarm_failure);
  co_return false;
}

Task<void> Signal::wait() {
  if (flag_->take()) co_return;
  co_await flag_->meeting.async_receive(asio::use_awaitable);
}

Task<bool> Running::drained(AsyncClock& clock, Duration limit) {
  const Deadline deadline(clock, limit);
  while (count_ > 0 && !deadline.passed(clock)) {
    // A wake-up may be left over from an earlier time at zero, so the count decides.
    co_await done_.wait(clock, deadline.remaining(clock));
  }
  co_return count_ == 0;
}

}  // namespace calsync
