// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// Planted bugs: the test of the tests. plant.py copies some of the product's sources and writes each bug of
// catalogue.txt into the copy, behind this question; only calsync-sim-planted is made of those copies.
namespace calsync::simulation {

/// The one bug that this process runs with; "" = none.
void plant_bug(std::string_view name);
bool planted(std::string_view name);

}  // namespace calsync::simulation

#define PLANTED(name) (::calsync::simulation::planted(name))
