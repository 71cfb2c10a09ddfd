// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "common/async/signal.hpp"
#include "common/store/rate_table.hpp"

namespace calsync::worker {

/// This worker's share of the buckets that all workers draw from. It fetches allowances for a quarter of a second at a
/// time, one statement for all who wait, so that a call seldom costs more than a subtraction.
class RateGovernor {
 public:
  RateGovernor(asio::any_io_executor executor, AsyncClock& clock, store::RateTable& table)
      : executor_(std::move(executor)), clock_(clock), table_(table) {}

  /// One token. Zero = it is taken; otherwise there is none within `patience`, and this is the wait for one.
  Task<Duration> take(store::BucketName name, sync::BucketShape shape, Duration patience);
  /// The provider asked for a pause: at once here, for all workers with the next `flush`.
  void block(const store::BucketName& name, sync::BucketShape shape, Duration time);
  Task<void> flush();

  /// Runs that may begin now: as many as the bucket feeds while a run may wait; everything while it was not empty
  /// lately.
  double room(const store::BucketName& name, Duration patience) const;

  /// Allowances that are fetched ahead, for runs and not for calls: `want` of them, at this rate.
  Task<void> fetch(store::BucketName name, sync::BucketShape shape, double want);
  double in_hand(const store::BucketName& name) const;
  bool take_in_hand(const store::BucketName& name);

 private:
  struct Bucket {
    explicit Bucket(const asio::any_io_executor& executor) : refilled(executor) {}
    sync::BucketShape shape{};
    sync::Allowance allowance{};
    Signal refilled;
    std::size_t waiting = 0;
    bool refilling = false;
    bool dry = false;  ///< it has been empty
    Duration dry_at{0};
    Duration empty_until{0};
    Duration measured_at{0};
    double taken = 0;
    double taken_per_second = 0;
  };
  struct Block {
    store::BucketName name;
    sync::BucketShape shape;
    Duration time;
  };
  Bucket& bucket(const store::BucketName& name, const sync::BucketShape& shape);
  Task<void> refill(const store::BucketName& name, Bucket& bucket);
  void measure(Bucket& bucket);

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  store::RateTable& table_;
  std::map<store::BucketName, std::unique_ptr<Bucket>> buckets_;
  std::vector<Block> blocks_;
};

}  // namespace calsync::worker
