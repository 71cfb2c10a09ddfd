// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/base/metrics.hpp"
#include "common/base/time.hpp"

namespace calsync {

/// Messages to the service manager (sd_notify(3)). Each returns whether a service manager took it; without one, that is
/// outside systemd, they do nothing and return false. `status` is one line for `systemctl status`.
bool notify_ready(std::string_view status);
bool notify_status(std::string_view status);
bool notify_stopping(std::string_view status);
/// Followed by notify_ready() when the reload is over.
bool notify_reloading();
bool feed_watchdog();
/// WatchdogSec= of the unit; feed the watchdog at least twice as often. Nothing = it is not asked for.
std::optional<Duration> watchdog_interval();

/// No dump of this process's memory, which holds keys and tokens, and no look at it or its environment for other
/// processes of the same user. Not under sanitizers, which look at it themselves.
void forbid_core_dumps();

std::string host_name();  ///< "unknown" when the system has none
pid_t process_id();
/// What /proc says about this process; zero for what it does not say.
ProcessFigures process_figures();

}  // namespace calsync
