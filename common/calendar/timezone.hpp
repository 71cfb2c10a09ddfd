// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"

// Zones by IANA name. Offsets come from the system's tzdata, because the zone tables inside Debian's ICU are years
// older (they still know summer time in Mexico City); ICU gives the names: their spelling, and what Windows calls them.
namespace calsync::calendar {

/// The IANA name that `name` is, whatever its capitals ("europe/paris" is "Europe/Paris"); "" when it is none.
std::string iana_zone(std::string_view name);
/// The IANA name of a Windows zone key ("W. Europe Standard Time"), "" when it is none. Several Windows zones answer a
/// name that IANA keeps as a link (Asia/Calcutta).
std::string windows_zone(std::string_view name);

/// Seconds east of UTC at `instant`; nothing when `zone` is not an IANA name.
std::optional<std::chrono::seconds> offset_at(Time instant, std::string_view zone);

/// The instant at which clocks in `zone` show `wall` (a wall-clock time written as if it were UTC); nothing when `zone`
/// is not an IANA name. Around clock changes as RFC 5545 section 3.3.5 asks: a time that occurs twice is the first of
/// them, and one that is skipped counts with the offset from before the gap (02:30 becomes 03:30).
std::optional<Time> instant_of(Time wall, std::string_view zone);
/// The inverse: what clocks in `zone` show at `instant`.
std::optional<Time> wall_time(Time instant, std::string_view zone);

/// The same rule for any source of offsets.
using OffsetAt = std::function<std::chrono::seconds(std::chrono::sys_seconds)>;
Time resolve_wall_time(Time wall, const OffsetAt& offset_at);

}  // namespace calsync::calendar
