// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "tests/simulation/provider/dice.hpp"

namespace calsync::simulation {

/// Resources of the events API as JSON text, made up near `now`. `self` is the address of the calendar's own guest.
std::string draft_timed(Dice& dice, Time now, std::string_view self);
std::string draft_all_day(Dice& dice, Time now);
std::string draft_series(Dice& dice, Time now, std::string_view self);
std::string draft_all_day_series(Dice& dice, Time now);
/// At a wall time that a clock change skips or brings twice.
std::string draft_at_clock_change(Dice& dice, bool series);
/// Titles, guests and texts that have broken calendars.
std::string draft_unicode(Dice& dice, Time now);

/// Members of a change: {"summary":…} and the like.
std::string change_of_words(Dice& dice, std::string_view self);
std::string change_of_time(Dice& dice, Time now, bool all_day);

std::string words(Dice& dice);
/// More than a preview, a column or a message would hold.
std::string long_words(Dice& dice);
/// Words that have broken calendars.
std::string odd_text(Dice& dice);

}  // namespace calsync::simulation
