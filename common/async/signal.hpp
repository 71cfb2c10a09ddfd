// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "common/async/clock.hpp"

namespace calsync {

/// A level-triggered wake-up between coroutines of one thread: `set()` lets one `wait` return at once, now or later.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor);
  ~Signal();
  void set();
  /// Returns when set() was called since the last wait ended, or after `limit`. True = it was set. Cancelling the
  /// waiting coroutine ends the wait with an exception of code operation_aborted.
  Task<bool> wait(AsyncClock& clock, Duration limit);
  /// The same without a limit, and much cheaper.
  Task<void> wait();

 private:
  struct Flag;
  std::unique_ptr<Flag> flag_;
};

/// Counts running coroutines, so that a drain can wait for all of them.
class Running {
 public:
  explicit Running(asio::any_io_executor executor) : done_(std::move(executor)) {}
  void enter() { ++count_; }
  void leave() {
    if (--count_ == 0) done_.set();
  }
  std::size_t count() const { return count_; }
  /// False = `limit` passed first.
  Task<bool> drained(AsyncClock& clock, Duration limit);

 private:
  std::size_t count_ = 0;
  Signal done_;
};

}  // namespace calsync
