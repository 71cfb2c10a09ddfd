// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/circuit.hpp"
#include "common/sync/rate.hpp"

namespace calsync::store {

/// Whose bucket: "project", "host", "account" or "recovery", and a key of that scope.
struct BucketName {
  std::string scope{};
  std::string key{};
  auto operator<=>(const BucketName&) const = default;
};

struct BucketAsk {
  BucketName name{};
  sync::BucketShape shape{};
  double want = 0;
};
struct BucketGrant {
  BucketName name{};
  double granted = 0;
  Duration wait{0};  ///< until there is another token
};

struct Slot {
  BucketName room{};
  std::string holder{};  ///< a UUID
  int places = 0;
  int seconds = 0;
};

/// Budgets of provider calls that all workers share. Throws db::DatabaseError.
class RateTable {
 public:
  virtual ~RateTable() = default;
  /// Whole tokens, at most as many as are wanted; each bucket once.
  virtual Task<std::vector<BucketGrant>> take(std::vector<BucketAsk> asks) = 0;
  /// Nothing is granted before this time; a later end stands.
  virtual Task<void> block(BucketName bucket, sync::BucketShape shape, Duration time) = 0;
  /// A place in a room, also again for who has one. False = it is full.
  virtual Task<bool> enter(Slot slot) = 0;
  virtual Task<void> leave(Slot slot) = 0;
};

struct Steady {
  double connections = 0;
  double per_second = 0;
};

/// Circuits that all workers share. Throws db::DatabaseError.
class CircuitTable {
 public:
  virtual ~CircuitTable() = default;
  /// Those that are not closed, and those that were lately.
  virtual Task<std::vector<sync::Circuit>> circuits() = 0;
  /// False = somebody has changed it since the version that `circuit` was read with.
  virtual Task<bool> save(sync::Circuit circuit) = 0;
  /// The runs that the enabled connections of a provider ask for by their frequencies.
  virtual Task<Steady> steady(std::string provider) = 0;
};

}  // namespace calsync::store
