// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace calsync::calendar {

/// The IANA zone that a TZID or X-WR-TIMEZONE of the wild means; "" when nobody can tell from the name alone. Knows
/// IANA names in any capitals, quoted, with blanks or with a vendor's path before them
/// ("/mozilla.org/20050126_1/Europe/Berlin", "posix/Europe/Vaduz"), Windows keys, the names that Outlook shows
/// ("(UTC+01:00) Amsterdam, Berlin, Bern"), cities, and the abbreviations that have one meaning in practice.
std::string resolve_zone_name(std::string_view tzid);

/// "GMT+0200", "UTC-5", "(UTC+02:00) Somewhere": the zone with that constant offset in whole hours (Etc/GMT-2), "" when
/// `tzid` names no offset. The last resort: it knows no summer time.
std::string fixed_offset_zone(std::string_view tzid);

}  // namespace calsync::calendar
