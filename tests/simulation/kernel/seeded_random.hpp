// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/base/random.hpp"
#include "common/base/time.hpp"

namespace calsync::simulation {

/// A seeded source of choices (SplitMix64, Steele et al. 2014), the same on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound); 0 for an empty range.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound); }
  /// Uniform in [low, high].
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1))); }
  Duration between(Duration low, Duration high) {
    return low + Duration(static_cast<std::int64_t>(below(static_cast<std::size_t>((high - low).count()) + 1)));
  }
  double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return share() < probability; }
  template <class Container>
  auto& pick(Container& from) {
    return from[below(from.size())];
  }
  /// A source of its own, so that what one part of the world draws does not disturb another.
  SeededRandom fork() { return SeededRandom(next()); }

  std::string bytes(std::size_t count) override {
    std::string text(count, '\0');
    for (char& one : text) one = static_cast<char>(next() & 0xff);
    return text;
  }

 private:
  std::uint64_t state_;
};

}  // namespace calsync::simulation
