// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/runtime/daemon.hpp"

namespace calsync::api {

// The commands of calsync-api besides `serve`; each returns the exit status.

/// Applies what is missing of the schema and prints what it applied.
int migrate_database(const Startup& startup, const Log& log);
/// Seals every credential again that another key than the first one of the ring has sealed. Daemons may run meanwhile.
int rotate_keys(const Startup& startup, const Log& log);
/// Prints why a connection is or is not syncing, and what to do.
int explain_connection(const Startup& startup, const Log& log, const std::string& id);

}  // namespace calsync::api
