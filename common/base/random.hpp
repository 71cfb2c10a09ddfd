// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace calsync {

/// Where everything below the composition root gets randomness. The real one is cryptographic; the simulation's is
/// seeded.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::string bytes(std::size_t count) = 0;
  /// Uniform in [0, 1).
  double unit();
};

/// A version 4 UUID (RFC 9562 section 5.4).
std::string random_uuid(Random& random);
/// `bytes` random bytes as unpadded base64url text.
std::string random_token(Random& random, std::size_t bytes = 32);

}  // namespace calsync
