// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>

#include "common/async/clock.hpp"
#include "common/store/rate_table.hpp"

namespace calsync::testing {

/// Budgets in memory, by the rules of the real table.
class MemoryRates final : public store::RateTable {
 public:
  explicit MemoryRates(AsyncClock& clock) : clock_(clock) {}
  Task<std::vector<store::BucketGrant>> take(std::vector<store::BucketAsk> asks) override;
  Task<void> block(store::BucketName bucket, sync::BucketShape shape, Duration time) override;
  Task<bool> enter(store::Slot slot) override;
  Task<void> leave(store::Slot slot) override;

  int asked = 0;  ///< statements

 private:
  struct Bucket {
    double tokens = 0;
    Duration updated{0};
    Duration blocked_until{0};
  };
  AsyncClock& clock_;
  std::map<store::BucketName, Bucket> buckets_;
  std::map<store::BucketName, std::map<std::string, Duration>> rooms_;
};

class MemoryCircuits final : public store::CircuitTable {
 public:
  explicit MemoryCircuits(const Clock& clock) : clock_(clock) {}
  Task<std::vector<sync::Circuit>> circuits() override;
  Task<bool> save(sync::Circuit circuit) override;
  Task<store::Steady> steady(std::string provider) override;

  store::Steady rate{};

 private:
  struct Row {
    sync::Circuit circuit{};
    Duration changed{0}, opened{0}, probe{0};
  };
  const Clock& clock_;
  std::map<std::pair<std::string, std::string>, Row> rows_;
};

}  // namespace calsync::testing
