// SPDX-License-Identifier: Apache-2.0
// Signed tokens and the key that they are signed with (RFC 7519).
#pragma once

#include <string>
#include <string_view>

namespace calsync::emulator {

std::string signed_token(std::string_view claims);
std::string key_set_json();  // RFC 7517

}  // namespace calsync::emulator
