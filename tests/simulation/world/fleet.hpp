// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {

/// Runs `work` for each seed in `jobs` child processes, and `take` here with what came of it, in no fixed order. A
/// child that dies is a broken promise of the seed that it was at, and another one goes on.
void run_fleet(std::uint64_t first, std::uint64_t last, int jobs, const std::function<Report(std::uint64_t)>& work,
               const std::function<void(const Report&)>& take);

}  // namespace calsync::simulation
