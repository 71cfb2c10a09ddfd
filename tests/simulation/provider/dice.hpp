// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/random.hpp"

namespace calsync::simulation {

/// Small choices from a world's randomness.
class Dice {
 public:
  explicit Dice(Random& random) : random_(random) {}

  bool chance(double share) { return random_.unit() < share; }
  /// 0 … n-1; 0 when there is nothing to choose from.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.unit() * static_cast<double>(n)); }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least + 1)));
  }
  template <class Range>
  const auto& pick(const Range& range) {
    return *(std::begin(range) + static_cast<std::ptrdiff_t>(below(std::size(range))));
  }

 private:
  Random& random_;
};

}  // namespace calsync::simulation
