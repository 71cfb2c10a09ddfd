// SPDX-License-Identifier: Apache-2.0
// The .ics files of the Google half, as calendars of a mailbox.
#pragma once

#include "tests/emulator/ics_load.hpp"
#include "tests/emulator/recurrence.hpp"

namespace calsync::emulator::microsoft {

// Without a folder a new one is made.
ImportReport import_graph_ics(Provider& provider, Mailbox& user, const std::string& bytes, Folder* folder,
                              std::string name);
// One calendar for each file.
std::vector<ImportReport> load_graph_directory(Provider& provider, Mailbox& user, const std::string& directory);

}  // namespace calsync::emulator::microsoft
