// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/crypto.hpp"
#include "tests/simulation/database/outsiders.hpp"
#include "tests/simulation/kernel/seeded_random.hpp"
#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {

/// Connects members as the API server does after a consent, and tells the checks. What it is given outlives it.
class Connector {
 public:
  Connector(MemoryDatabase& database, ApiServer& requests, Checks& checks, SeededRandom& random)
      : database_(database), requests_(requests), checks_(checks), random_(random) {}

  /// With the grant or feed that `member` has now; a connection that it has already is renewed.
  void connect(Member& member, const KeyRing& keys);

 private:
  std::string connection_of(const Member& member) const;

  MemoryDatabase& database_;
  ApiServer& requests_;
  Checks& checks_;
  SeededRandom& random_;
};

}  // namespace calsync::simulation
