// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

/// A Microsoft account with its default calendar and these, and a grant of it for the emulator's client.
Grant make_mailbox(EmulatedWorld& world, const std::string& email, bool personal,
                   const std::vector<std::string>& calendars);
/// Another grant of one, as after connecting again.
Grant mailbox_grant_again(EmulatedWorld& world, const std::string& email);

/// Whether Entra still takes this refresh token.
bool entra_takes(EmulatedWorld& world, std::string_view refresh_token);

}  // namespace calsync::simulation
