// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace calsync::simulation {

/// What calsync-sim is asked to do.
struct Command {
  std::string seeds = "1..500";
  std::uint64_t seed = 0;  ///< 0 = `seeds`
  bool trace = false;
  int jobs = 2;
  int twice = 20;
  std::vector<std::string> only{};
  std::vector<std::string> without{};
  bool list_hazards = false;
  bool list_bugs = false;
  std::string bug{};  ///< needs an executable that bugs are planted in
  int max_seeds = 1000;
};

/// The exit status: 0 = every promise held, 1 = one was broken or a hazard never struck, 2 = bad usage.
int run(const Command& command);

}  // namespace calsync::simulation
