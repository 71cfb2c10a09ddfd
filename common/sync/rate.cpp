// SPDX-License-Identifier: Apache-2.0
#include "common/sync/rate.hpp"

#include <algorithm>
#include <cmath>

namespace calsync::sync {
namespace {

/// burst + flow in one window + what was taken earlier and is still good: 0.2 + 0.75 + 1/60 of 0.75 of a minute's
/// quota.
constexpr double flow_share = 0.75;
constexpr double burst_share = 0.2;
constexpr double demand_ahead = 0.25;

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Duration duration_of(double seconds) { return Duration(static_cast<Duration::rep>(std::ceil(seconds * 1e6))); }

}  // namespace

BucketShape bucket_of(const Quota& quota) {
  if (quota.unlimited()) return {};
  const double window = seconds_of(quota.window);
  return {flow_share * quota.calls / window, std::max(1.0, std::floor(burst_share * quota.calls))};
}

double level_after(const BucketShape& shape, double tokens, Duration passed) {
  return std::min(shape.burst, tokens + shape.per_second * std::max(0.0, seconds_of(passed)));
}

Duration until_next(const BucketShape& shape, double tokens) {
  if (shape.unlimited() || tokens >= 1) return Duration(0);
  return duration_of((1 - tokens) / shape.per_second);
}

double chunk_of(const BucketShape& shape, double taken_per_second, std::size_t waiting) {
  const double wanted = std::max(std::ceil(taken_per_second * demand_ahead), static_cast<double>(waiting));
  return std::clamp(wanted, 1.0, std::max(1.0, std::floor(shape.burst / 4)));
}

void Allowance::grant(double tokens, Duration now) {
  tokens_ = left(now) + tokens;
  good_until_ = now + allowance_life;
}

bool Allowance::take(Duration now) {
  if (left(now) < 1) return false;
  tokens_ -= 1;
  return true;
}

AccountBudget::AccountBudget(BucketShape shape, double drained, Duration ago, Duration now)
    : shape_(shape),
      drained_(std::max(0.0, drained - shape.per_second * std::max(0.0, seconds_of(ago)))),
      as_of_(now) {}

double AccountBudget::drained(Duration now) const {
  return std::max(0.0, drained_ - shape_.per_second * seconds_of(now - as_of_));
}

Duration AccountBudget::take(Duration now) {
  if (shape_.unlimited()) return Duration(0);
  const double level = drained(now);
  if (level + 1 > shape_.burst) return duration_of((level + 1 - shape_.burst) / shape_.per_second);
  drained_ = level + 1;
  as_of_ = now;
  taken_ += 1;
  return Duration(0);
}

Duration AccountBudget::until_further(Duration now) const {
  const double missing = drained(now) + std::min(taken_ + 1, shape_.burst) - shape_.burst;
  return missing > 0 ? duration_of(missing / shape_.per_second) : Duration(0);
}

}  // namespace calsync::sync
