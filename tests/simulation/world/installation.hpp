// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/sync/circuit.hpp"
#include "tests/simulation/world/plan.hpp"

namespace calsync::simulation {

// What an operator configures.

/// "kN:…", a key as CALENDAR_TOKEN_KEYS has it.
std::string key_entry(int number);
KeyRing key_ring(const std::string& text);
/// Flags and lists that admit everything and everybody.
const std::map<std::string, std::string>& everything_on();
/// Settings of a plan's daemons; those of several workers differ a little.
Settings settings_of(const Plan& plan, int worker);
/// Those of worlds so small that nobody would ever be away by the product's own.
sync::CircuitLimits small_circuits();

}  // namespace calsync::simulation
