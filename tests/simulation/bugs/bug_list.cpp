// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/bugs/bug_list.hpp"

namespace calsync::simulation {

const std::vector<PlantedBug>& planted_bugs() {
  static const std::vector<PlantedBug> bugs{
#include "catalogue.inc"
  };
  return bugs;
}

}  // namespace calsync::simulation
