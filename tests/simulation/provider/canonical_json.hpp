// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/emulator/json.hpp"

namespace calsync::simulation {

/// canonical_json() of a value that is parsed already.
std::string canonical_json(const emulator::JsonValue& value);

}  // namespace calsync::simulation
