// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/random.hpp"

namespace calsync {

/// OpenSSL's cryptographic generator, seeded by the operating system. Throws std::runtime_error when it has no entropy.
class OsRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override;
};

}  // namespace calsync
