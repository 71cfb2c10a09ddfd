// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/rate_governor.hpp"

#include <algorithm>
#include <limits>

namespace calsync::worker {
namespace {

constexpr std::chrono::milliseconds measured_over{250};
/// A bucket that was dry a moment ago is not trusted to feed any number of runs.
constexpr std::chrono::seconds remembered{5};
constexpr std::chrono::milliseconds shortest_wait{10};
/// Accounts and feeds' hosts come and go.
constexpr std::size_t most_buckets = 10000;
constexpr std::chrono::milliseconds least_pause{500};

class Waits {
 public:
  explicit Waits(std::size_t& count) : count_(count) { ++count_; }
  ~Waits() { --count_; }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

RateGovernor::Bucket& RateGovernor::bucket(const store::BucketName& name, const sync::BucketShape& shape) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_buckets) {
      const Duration now = clock_.monotonic();
      std::erase_if(buckets_, [&](const auto& one) {
        const Bucket& old = *one.second;
        return !old.refilling && old.waiting == 0 && old.empty_until < now && old.allowance.left(now) < 1;
      });
    }
    found = buckets_.emplace(name, std::make_unique<Bucket>(executor_)).first;
  }
  found->second->shape = shape;
  return *found->second;
}

void RateGovernor::measure(Bucket& bucket) {
  const Duration now = clock_.monotonic();
  const Duration passed = now - bucket.measured_at;
  if (passed < measured_over) return;
  bucket.taken_per_second = bucket.taken / std::chrono::duration<double>(passed).count();
  bucket.taken = 0;
  bucket.measured_at = now;
}

Task<void> RateGovernor::refill(const store::BucketName& name, Bucket& bucket) {
  measure(bucket);
  bucket.refilling = true;
  double granted = 1;
  Duration wait{0};
  try {
    const double want = sync::chunk_of(bucket.shape, bucket.taken_per_second, bucket.waiting);
    std::vector<store::BucketAsk> asks{{name, bucket.shape, want}};
    const std::vector<store::BucketGrant> grants = co_await table_.take(std::move(asks));
    if (!grants.empty()) {
      granted = grants[0].granted;
      wait = grants[0].wait;
    }
  } catch (const db::DatabaseError&) {
    // Without the database nothing is claimed; the few runs in flight may end as they would have.
  } catch (...) {
    bucket.refilling = false;
    bucket.refilled.set();
    throw;
  }
  bucket.refilling = false;
  const Duration now = clock_.monotonic();
  if (granted > 0) bucket.allowance.grant(granted, now);
  if (granted < 1) {
    bucket.empty_until = std::max(bucket.empty_until, now + std::max<Duration>(wait, shortest_wait));
    bucket.dry = true;
    bucket.dry_at = now;
  }
  bucket.refilled.set();
}

Task<Duration> RateGovernor::take(store::BucketName name, sync::BucketShape shape, Duration patience) {
  if (shape.unlimited() && !buckets_.contains(name)) co_return Duration(0);
  Bucket& own = bucket(name, shape);
  const Deadline deadline(clock_, patience);
  const Waits waits(own.waiting);
  for (;;) {
    const Duration now = clock_.monotonic();
    const Duration wait = own.empty_until - now;
    if (wait > Duration(0)) {
      if (wait >= deadline.remaining(clock_)) co_return wait;
      co_await clock_.sleep(wait);
      continue;
    }
    if (shape.unlimited() || own.allowance.take(now)) break;
    if (deadline.passed(clock_)) co_return std::max<Duration>(sync::until_next(shape, 0), least_pause);
    if (own.refilling) {
      co_await own.refilled.wait(clock_, std::max<Duration>(deadline.remaining(clock_), shortest_wait));
      continue;
    }
    co_await refill(name, own);
  }
  own.taken += 1;
  // One set() lets one wait return; whoever it woke wakes the next.
  if (own.waiting > 1) own.refilled.set();
  co_return Duration(0);
}

void RateGovernor::block(const store::BucketName& name, sync::BucketShape shape, Duration time) {
  Bucket& own = bucket(name, shape);
  const Duration now = clock_.monotonic();
  own.allowance = {};
  own.empty_until = std::max(own.empty_until, now + time);
  own.dry = true;
  own.dry_at = now;
  blocks_.push_back({name, shape, time});
}

Task<void> RateGovernor::flush() {
  while (!blocks_.empty()) {
    const Block one = blocks_.back();
    co_await table_.block(one.name, one.shape, one.time);
    std::erase_if(blocks_, [&](const Block& other) { return other.name == one.name && other.time <= one.time; });
  }
}

double RateGovernor::room(const store::BucketName& name, Duration patience) const {
  const auto found = buckets_.find(name);
  if (found == buckets_.end() || !found->second->dry) return std::numeric_limits<double>::infinity();
  const Bucket& own = *found->second;
  const Duration now = clock_.monotonic();
  if (own.empty_until - now > patience) return 0;
  if (now - std::max(own.dry_at, own.empty_until) > remembered) return std::numeric_limits<double>::infinity();
  const double fed = own.shape.per_second * std::chrono::duration<double>(patience).count();
  return std::max(1.0, fed) - static_cast<double>(own.waiting);
}

Task<void> RateGovernor::fetch(store::BucketName name, sync::BucketShape shape, double want) {
  std::vector<store::BucketAsk> asks{{name, shape, want}};
  const std::vector<store::BucketGrant> grants = co_await table_.take(std::move(asks));
  for (const store::BucketGrant& grant : grants) {
    if (grant.granted > 0) bucket(name, shape).allowance.grant(grant.granted, clock_.monotonic());
  }
}

double RateGovernor::in_hand(const store::BucketName& name) const {
  const auto found = buckets_.find(name);
  return found == buckets_.end() ? 0 : found->second->allowance.left(clock_.monotonic());
}

bool RateGovernor::take_in_hand(const store::BucketName& name) {
  const auto found = buckets_.find(name);
  return found != buckets_.end() && found->second->allowance.take(clock_.monotonic());
}

}  // namespace calsync::worker
