// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace calsync::simulation {

struct PlantedBug {
  std::string_view name;
  std::string_view why;
  bool lost = false;  ///< the source does not have the place any more where it was to be written
};

/// What this executable can be run with; calsync-sim itself has none.
const std::vector<PlantedBug>& planted_bugs();

}  // namespace calsync::simulation
