// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/log.hpp"
#include "common/doctor/settings_checks.hpp"
#include "common/runtime/daemon.hpp"

namespace calsync::doctor {

/// `check-config`: the settings, and unless `offline` all that the daemon needs of the world, each a line on stdout
/// with the fix in one sentence. The exit status: 0 = nothing fails, 2 = a setting is wrong, 1 = something is away.
/// Changes nothing, prints no secret. `more`: what only that daemon knows how to judge.
int check_config(const Startup& startup, const Log& log, Daemon daemon, bool offline, Findings more = {});

}  // namespace calsync::doctor
