// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>

#include "common/runtime/daemon.hpp"

namespace calsync {

/// Help, the version or what is wrong with the arguments; the exit status. Arguments are not repeated: people
/// put database URLs and tokens there, and what a daemon prints ends in a journal.
inline int end_by_usage(const CLI::App& app, const CLI::ParseError& error) {
  const bool names_only_ours = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ||
                               dynamic_cast<const CLI::Success*>(&error) != nullptr ||
                               error.get_name() == "ArgumentMismatch";
  if (names_only_ours) return app.exit(error) == 0 ? exit_ok : exit_usage;
  std::cerr << "calsync: there is an unknown command, option or value among the arguments; see --help\n";
  return exit_usage;
}

}  // namespace calsync
