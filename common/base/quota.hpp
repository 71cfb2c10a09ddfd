// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace calsync {

/// So many calls in any window of this length; 0 calls = no limit.
struct Quota {
  double calls = 0;
  std::chrono::seconds window{60};
  bool unlimited() const { return calls <= 0; }
};

}  // namespace calsync
