// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace calsync::contract {

struct Options {
  int operations = 20'000;
  std::uint64_t seed = 1;
};
Options& options();

}  // namespace calsync::contract
