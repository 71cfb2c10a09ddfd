// SPDX-License-Identifier: Apache-2.0
// What several control calls read or write.
#pragma once

#include "control.hpp"

namespace calsync::emulator {

std::string calendar_summary_json(const CalendarListEntry& entry);
// {"id"?,"summary","timeZone"?,"accessRole"?,"description"?,"hidden"?}; an id that exists is shared.
CalendarListEntry& add_wanted_calendar(Provider& provider, Account& account, const JsonValue& wanted);
// The zone that the call names; 400 when it names an unknown one.
const Zone* zone_of(const ControlCall& call, std::string_view name, const Zone* otherwise);
void append_calendar_state(std::string& out, const CalendarListEntry& entry);

}  // namespace calsync::emulator
