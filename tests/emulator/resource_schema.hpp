// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace calsync::emulator {

bool schema_has(std::string_view schema, std::string_view name);
std::string_view schema_of_member(std::string_view schema, std::string_view name);
std::string_view schema_of_operation(std::string_view operation);

}  // namespace calsync::emulator
