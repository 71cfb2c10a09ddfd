// SPDX-License-Identifier: Apache-2.0
// Time zone names as Outlook takes and gives them: those of Windows and some of IANA (dateTimeTimeZone resource type).
#pragma once

#include <string>
#include <string_view>

#include "tests/emulator/zone.hpp"

namespace calsync::emulator::microsoft {

// Null for a name that is refused. `iana` is the switch graph_iana_zones.
const Zone* outlook_zone(std::string_view name, std::string_view iana);
// The name in originalStartTimeZone; one without a Windows name is a custom zone.
std::string windows_name(const Zone* zone);

}  // namespace calsync::emulator::microsoft
