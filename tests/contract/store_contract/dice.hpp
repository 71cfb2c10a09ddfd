// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/random.hpp"

namespace calsync::contract {

/// A seeded generator that gives the same on every machine.
class Dice final : public Random {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  int below(int limit) { return static_cast<int>(next() % static_cast<std::uint64_t>(limit)); }
  int between(int first, int last) { return first + below(last - first + 1); }
  bool chance(int percent) { return below(100) < percent; }
  double fraction() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  std::string bytes(std::size_t count) override;

  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }
  /// Each element with the same chance.
  template <class T>
  std::vector<T> some(const std::vector<T>& from, int percent) {
    std::vector<T> chosen;
    for (const T& one : from) {
      if (chance(percent)) chosen.push_back(one);
    }
    return chosen;
  }

  /// Words that databases trip over: quotes, braces, long ones, other scripts; with `nul`, also a NUL now and then.
  std::string text(bool nul = false);

 private:
  std::uint64_t state_;
};

}  // namespace calsync::contract
