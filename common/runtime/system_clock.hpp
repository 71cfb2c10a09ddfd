// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/async/clock.hpp"

namespace calsync {

/// The real clock: the system's wall time, its steady clock, and timers on the waiting coroutine's executor. Used by
/// the composition roots only; has no state, so one serves every thread.
class SystemClock final : public AsyncClock {
 public:
  Time now() const override;
  Duration monotonic() const override;
  Task<void> sleep(Duration duration) override;
};

}  // namespace calsync
