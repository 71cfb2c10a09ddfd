// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/config.hpp"
#include "common/doctor/finding.hpp"
#include "common/sync/gate.hpp"

// What can be judged from the settings alone. Pure and total.
namespace calsync::doctor {

/// Of a worker (the default) or an API server.
enum class Daemon { worker, api };
std::string_view daemon_name(Daemon daemon);

Finding check_flags(const sync::GateSettings& gate);
/// One for each provider that is configured.
Findings check_redirects(const Settings& settings);
Finding check_webhook(const Settings& settings);

}  // namespace calsync::doctor
