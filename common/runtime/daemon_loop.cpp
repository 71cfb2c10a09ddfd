// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/daemon_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "common/runtime/process.hpp"

namespace calsync {
namespace {

Task<void> stop_on_signal(asio::io_context& io, const Log& log, SignalActions actions) {
  asio::signal_set signals(io, SIGTERM, SIGINT);
  co_await signals.async_wait(asio::use_awaitable);
  log.info("stopping: what is in flight drains");
  notify_stopping("draining");
  actions.stop();
}

/// A newer signal does not wait for what the last one has left to do: a switch has to work while the database is away.
Task<void> put_in_force(const Log& log, SignalActions actions, sync::GateSettings gate) {
  try {
    co_await actions.set_gate(std::move(gate));
    log.info("settings were read again");
  } catch (const std::exception& error) {
    log.error("the new flags are in force, but what they let in again could not be marked due; reload once more",
              {.error_code = "internal_error", .metadata = {{"reason", error.what()}}});
  }
  notify_ready("running");
}

Task<void> reload_on_signal(asio::io_context& io, Startup& startup, const Log& log, SignalActions actions) {
  asio::signal_set signals(io, SIGHUP);
  for (;;) {
    co_await signals.async_wait(asio::use_awaitable);
    notify_reloading();
    if (auto gate = startup.reload_gate(log)) {
      asio::co_spawn(io, put_in_force(log, actions, std::move(*gate)), asio::detached);
    } else {
      notify_ready("running");
    }
  }
}

Task<void> feed_for_ever(AsyncClock& clock, Duration pause) {
  for (;;) {
    feed_watchdog();
    co_await clock.sleep(pause);
  }
}

}  // namespace

int run_root(asio::io_context& io, Task<void> root, const Log& log) {
  int status = exit_ok;
  asio::co_spawn(io, std::move(root), [&](std::exception_ptr failure) {
    if (failure) status = report_fatal(failure, log);
    io.stop();
  });
  try {
    io.run();
  } catch (...) {
    status = report_fatal(std::current_exception(), log);
  }
  return status;
}

void watch_signals(asio::io_context& io, Startup& startup, const Log& log, SignalActions actions) {
  asio::co_spawn(io, stop_on_signal(io, log, actions), asio::detached);
  asio::co_spawn(io, reload_on_signal(io, startup, log, std::move(actions)), asio::detached);
}

void keep_watchdog_fed(asio::io_context& io, AsyncClock& clock) {
  if (const auto limit = watchdog_interval()) asio::co_spawn(io, feed_for_ever(clock, *limit / 2), asio::detached);
}

}  // namespace calsync
