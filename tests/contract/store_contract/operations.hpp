// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/store_contract/world.hpp"

namespace calsync::contract {

struct Operation {
  const char* name;
  int weight;  ///< how often, compared with the others
  void (*run)(Step&);
};
using Operations = std::vector<Operation>;

Operations queue_operations();
Operations mirror_operations();
Operations push_operations();
Operations rate_operations();
Operations upkeep_operations();
Operations api_operations();
Operations operator_operations();
/// All of them.
const Operations& operations();

}  // namespace calsync::contract
