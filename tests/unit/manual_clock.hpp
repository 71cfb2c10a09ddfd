// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <memory>

#include "common/async/clock.hpp"

namespace calsync::testing {

/// A clock that stands still until the test moves it. Waiters wake in the order of their times.
class ManualClock final : public AsyncClock {
 public:
  ManualClock();
  ~ManualClock() override;
  Time now() const override { return start_ + elapsed_; }
  Duration monotonic() const override { return elapsed_; }
  Task<void> sleep(Duration duration) override;

  void advance(Duration duration);
  /// Coroutines that wait for a time still to come.
  std::size_t waiting() const { return alarms_.size(); }

 private:
  struct Alarm;
  Time start_ = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
  Duration elapsed_{};
  std::list<std::shared_ptr<Alarm>> alarms_;
};

}  // namespace calsync::testing
