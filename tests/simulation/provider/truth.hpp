// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/provider/canonical_row.hpp"
#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

/// What a complete mirror of one calendar holds now: a row for each event of the provider's that lives, by event id.
struct CalendarTruth {
  std::string calendar_id{}, time_zone{}, role{};
  std::map<std::string, CanonicalRow> rows{};
};

/// The calendars on an account's list, hidden ones too, in the order of the list. Written from Google's reference of
/// the events resource and independent of the product, as tests/e2e/compare.py is.
std::vector<CalendarTruth> truth_of(EmulatedWorld& world, std::string_view email);

/// One calendar as this account sees it; no rows when it is not on its list.
CalendarTruth truth_of_calendar(EmulatedWorld& world, std::string_view email, std::string_view calendar_id);

/// The row that an item of an events list must have in the mirror of a calendar in `calendar_zone`.
CanonicalRow expected_row(std::string_view item_json, std::string_view calendar_zone);

}  // namespace calsync::simulation
