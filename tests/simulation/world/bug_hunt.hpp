// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/world/command.hpp"
#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {

/// Bugs are in an executable of its own: goes on as that one, beside this one's folder. Returns when it is this one
/// already, or is not there.
void become_planted(char** arguments);

/// calsync-sim --bug: is the bug found? Exit statuses as run()'s.
int hunt_bugs(const Command& command, const Kinds& kinds);
int list_bugs();
int unknown_bug(const std::string& name);
/// Runs this process with the bug from now on. False = there is none of that name.
bool plant(const std::string& name);
/// The database's part of the planted bug.
Plant planted_in_database();

}  // namespace calsync::simulation
