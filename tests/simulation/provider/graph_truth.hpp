// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/emulator/microsoft/delta_token.hpp"
#include "tests/simulation/provider/truth.hpp"

namespace calsync::simulation {

using GraphWindow = emulator::microsoft::Window;
using GraphPosition = emulator::microsoft::DeltaToken;

/// The calendars on a mailbox's list, by id.
std::vector<std::string> mailbox_calendars(EmulatedWorld& world, std::string_view email);
emulator::microsoft::Folder* mailbox_folder(EmulatedWorld& world, std::string_view email, std::string_view calendar_id);

/// What the link in a cursor says to the provider that made it: its window, and up to which change it knows. Nothing =
/// there is no link.
std::optional<GraphPosition> position_in(std::string_view cursor);
/// Why this is not the window of a calendar that was read within the last day; "" = it is.
std::string window_fault(const GraphWindow& window, Time now);

/// What a complete mirror of a calendar holds of a window, from the emulator's own objects and Microsoft's reference of
/// the event resource. A series has its master when any of its occurrences is in the window, and each of its exceptions
/// that is.
CalendarTruth graph_truth(EmulatedWorld& world, const emulator::microsoft::Folder& folder, const GraphWindow& window);

/// A row of the mirror in the terms of that truth. Three fields are compared by what they mean: the lines of a
/// recurrence by the occurrences that they have within the window, but for its first and last day; a time zone by its
/// name with Windows; a series' version without what the mirror adds to it. Of the payload the members that tell how it
/// was asked for are left out.
CanonicalRow graph_row(CanonicalRow row, const GraphWindow& window);

}  // namespace calsync::simulation
