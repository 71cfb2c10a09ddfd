// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/kernel/scheduler.hpp"

namespace calsync::simulation {

/// The time that is not wrong anywhere: the database's and the provider's.
class TrueClock final : public calsync::Clock {
 public:
  explicit TrueClock(Scheduler& scheduler) : scheduler_(scheduler) {}
  Time now() const override { return scheduler_.now(); }
  Duration monotonic() const override { return scheduler_.elapsed(); }

 private:
  Scheduler& scheduler_;
};

}  // namespace calsync::simulation
