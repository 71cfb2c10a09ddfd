// SPDX-License-Identifier: Apache-2.0
// What the Prefer header asks for; of one request alone, links do not keep it.
#pragma once

#include "graph_error.hpp"
#include "outlook_zone.hpp"

namespace calsync::emulator::microsoft {

struct Preferences {
  const Zone* zone = utc_zone();
  std::string zone_name = "UTC";
  bool immutable_ids = false, text_bodies = false;
  std::int64_t page_size = 0;  // 0: none asked for
  std::string applied;         // for Preference-Applied
};

// Throws for a time zone that is not known.
Preferences read_preferences(std::string_view header, std::string_view iana);

}  // namespace calsync::emulator::microsoft
