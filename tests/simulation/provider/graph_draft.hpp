// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/base/time.hpp"
#include "tests/simulation/provider/dice.hpp"

namespace calsync::simulation {

/// Graph's event resources as JSON text, made up near `now`.
std::string graph_draft_timed(Dice& dice, Time now);
std::string graph_draft_all_day(Dice& dice, Time now);
std::string graph_draft_series(Dice& dice, Time now, bool all_day);
/// At a wall time that a clock change skips or brings twice.
std::string graph_draft_at_clock_change(Dice& dice, Time now, bool series);
std::string graph_draft_unicode(Dice& dice, Time now);

/// Members of a change.
std::string graph_change_of_words(Dice& dice);
std::string graph_change_of_time(Dice& dice, std::int64_t start, bool all_day);
/// The start of a series in another zone.
std::string graph_change_of_zone(Dice& dice, std::int64_t local_start, std::int64_t length);
std::string graph_change_of_rule(Dice& dice, std::int64_t local_start);

}  // namespace calsync::simulation
