// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/store_contract/operations.hpp"

namespace calsync::contract {

/// One operation to come: which, with what dice, and how long after the one before.
struct Turn {
  std::size_t operation = 0;
  std::uint64_t seed = 0;
  Duration pause{0};
};

std::vector<Turn> turns(std::uint64_t seed, int count);

/// Where the two sides came apart.
struct Difference {
  std::size_t at = 0;  ///< the turn after which they differ
  std::string what{};
};

/// Plays turns from empty tables; all tables are compared every `compare_every` turns and after the last one.
std::optional<Difference> play(RealDatabase& real, const std::vector<Turn>& turns, std::size_t compare_every,
                               simulation::Plant plant = simulation::Plant::none);

/// Fewer turns that still lead to a difference, the first of which is at the last of them.
std::vector<Turn> shrink(RealDatabase& real, std::vector<Turn> turns,
                         simulation::Plant plant = simulation::Plant::none);

/// For people: the seed, the turns, the fields.
std::string report(RealDatabase& real, std::uint64_t seed, const std::vector<Turn>& turns);

}  // namespace calsync::contract
