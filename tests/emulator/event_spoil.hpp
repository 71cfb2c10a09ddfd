// SPDX-License-Identifier: Apache-2.0
// Damages one event's JSON as real calendars have been seen to, without a word to say so.
#pragma once

#include <string>
#include <string_view>

namespace calsync::emulator {

bool spoils(std::string_view kind);
// False when the event lacks the member that would be damaged.
bool spoil_event(std::string& json, std::string_view kind);

}  // namespace calsync::emulator
