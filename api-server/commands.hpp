// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/runtime/daemon.hpp"

namespace calsync::api {

// The commands of calsync-api besides `serve`; each returns the exit status.

/// Applies what is missing of the schema and prints what it applied.
int migrate_database(const Startup& startup, const Log& log);
/// Seals again whatever another key than the first one of the ring has sealed, and prints how much of it. Daemons may
/// run meanwhile. exit_fatal = the other keys are still needed, and stderr says why.
int rotate_keys(const Startup& startup, const Log& log);
/// Prints why a connection is or is not syncing, and what to do; as JSON what GET …/explain answers.
int explain_connection(const Startup& startup, const Log& log, const std::string& id, bool as_json);

}  // namespace calsync::api
