// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/bugs/planted.hpp"

#include <string>

namespace calsync::simulation {
namespace {

std::string& current() {
  static std::string name;
  return name;
}

}  // namespace

void plant_bug(std::string_view name) { current() = name; }
bool planted(std::string_view name) { return !current().empty() && current() == name; }

}  // namespace calsync::simulation
