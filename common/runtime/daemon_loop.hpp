// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "common/async/clock.hpp"
#include "common/base/log.hpp"
#include "common/runtime/daemon.hpp"

namespace calsync {

/// Runs `root` and whatever it spawns on this thread until it ends; the exit status.
int run_root(asio::io_context& io, Task<void> root, const Log& log);

/// What a daemon does on SIGTERM or SIGINT (drain) and on SIGHUP (re-read flags and lists).
struct SignalActions {
  std::function<void()> stop;
  std::function<Task<void>(sync::GateSettings)> set_gate;
};
/// Installs the handlers; they live as long as the io_context runs.
void watch_signals(asio::io_context& io, Startup& startup, const Log& log, SignalActions actions);

/// Tells the service manager at half of WatchdogSec= that this thread's loop still turns; without a watchdog nothing.
void keep_watchdog_fed(asio::io_context& io, AsyncClock& clock);

}  // namespace calsync
