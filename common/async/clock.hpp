// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/async/task.hpp"
#include "common/base/time.hpp"

namespace calsync {

/// A clock that coroutines can wait on. Cancelling the waiting coroutine (asio cancellation) ends the wait with an
/// exception of code operation_aborted.
class AsyncClock : public Clock {
 public:
  virtual Task<void> sleep(Duration duration) = 0;
};

/// An instant on Clock::monotonic() that is handed down and only ever shrinks.
class Deadline {
 public:
  Deadline(const Clock& clock, Duration from_now) : at_(clock.monotonic() + from_now) {}
  Duration remaining(const Clock& clock) const {
    const Duration left = at_ - clock.monotonic();
    return left < Duration::zero() ? Duration::zero() : left;
  }
  bool passed(const Clock& clock) const { return clock.monotonic() >= at_; }
  Deadline at_most(const Clock& clock, Duration from_now) const {
    Deadline shorter(clock, from_now);
    return shorter.at_ < at_ ? shorter : *this;
  }

 private:
  Duration at_;
};

}  // namespace calsync
