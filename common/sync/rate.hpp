// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "common/base/quota.hpp"
#include "common/base/time.hpp"

namespace calsync::sync {

/// Tokens that a worker has taken out of a shared bucket are good for so long; then they are lost.
inline constexpr std::chrono::milliseconds allowance_life{1000};

/// A token bucket that keeps a quota in every window, wherever the window begins: what a full bucket gives at once,
/// what flows in meanwhile and what a worker still has in hand make less than the quota.
struct BucketShape {
  double per_second = 0;
  double burst = 0;
  bool unlimited() const { return per_second <= 0; }
};
BucketShape bucket_of(const Quota& quota);

/// What is left in a bucket that had `tokens` so long ago.
double level_after(const BucketShape& shape, double tokens, Duration passed);
/// Until a bucket with `tokens` has one whole token.
Duration until_next(const BucketShape& shape, double tokens);

/// How many tokens to ask for at once: a quarter second's demand, at least what waits, never more than a quarter of the
/// bucket.
double chunk_of(const BucketShape& shape, double taken_per_second, std::size_t waiting);

/// The part of a shared bucket that one worker has in hand.
class Allowance {
 public:
  void grant(double tokens, Duration now);
  /// One call. False = nothing is in hand.
  bool take(Duration now);
  double left(Duration now) const { return now < good_until_ ? tokens_ : 0; }

 private:
  double tokens_ = 0;
  Duration good_until_{0};
};

/// The calls of one account that only one connection uses: how far its bucket is drained travels with the claim and
/// goes back with the verdict.
class AccountBudget {
 public:
  AccountBudget(BucketShape shape, double drained, Duration ago, Duration now);
  /// Zero = the call may be made, and is counted; otherwise the wait until then.
  Duration take(Duration now);
  /// Until a run that begins anew can get a call further than this one; a full bucket is the most it can wait for.
  Duration until_further(Duration now) const;
  double drained(Duration now) const;

 private:
  BucketShape shape_;
  double drained_;
  Duration as_of_;
  double taken_ = 0;
};

}  // namespace calsync::sync
