// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/base/time.hpp"
#include "tests/simulation/database/plant.hpp"

namespace calsync::simulation {

/// What one seed is about: everything that is drawn before the world begins.
struct Plan {
  std::uint64_t seed = 0;
  Time start{};
  int workers = 2;
  int owners = 2;
  int google_accounts = 2;
  int feeds = 0;
  int microsoft_accounts = 0;
  std::string ways{};  ///< what providers do where their documents leave it open: settings of the emulator
  int lease_seconds = 60;
  int frequency_minutes = 2;
  int per_owner = 4;
  int concurrency = 8;
  int checkpoint_rows = 2000;
  int page_items = 0;  ///< the provider's pages hold no more; 0 = as many as asked for
  int access_token_seconds = 3600;
  bool rotate_refresh_tokens = false;
  bool pushes = true;
  int channel_seconds = 3600;
  bool small_circuits = false;  ///< few failures, also of one owner, count as an outage of the provider
  Duration chaos{};             ///< how long things go wrong
  Duration between_hazards{};   ///< means
  Duration between_changes{};
  Duration between_requests{};
  bool afternoon = false;       ///< in the end an hour and more goes by without faults
  bool helped = false;          ///< in the end an operator clears the backoffs
  std::set<std::string> kinds;  ///< hazards that may strike
  Plant plant = Plant::none;    ///< a bug in the database
};

/// Everything is drawn from the seed. `hazards`: the names to choose from, and those for worlds with a mailbox.
Plan draw_plan(std::uint64_t seed, const std::vector<std::string>& hazards,
               const std::vector<std::string>& of_mailboxes);

}  // namespace calsync::simulation
