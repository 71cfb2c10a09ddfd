// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/process.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/runtime/usage.hpp"
#include "sync-worker/sync_worker.hpp"

namespace {

using namespace calsync;

Task<void> run_once(worker::SyncWorker& worker, const Log& log) {
  const int runs = co_await worker.once();
  log.info("what was due has been synced", {.metadata = {{"runs", std::to_string(runs)}}});
}

int run(Startup startup, bool once) {
  SystemClock clock;
  OsRandom random;
  const Log log = startup.make_log(clock);
  auto keys = startup.require_keys();
  if (!keys) return startup.complain(keys.error());
  asio::io_context io(1);
  worker::SyncWorker worker(io, {clock, random, log, host_name(), CALSYNC_VERSION}, startup.settings(),
                            std::move(*keys), startup.gate());
  if (once) return run_root(io, run_once(worker, log), log);

  watch_signals(
      io, startup, log,
      {[&worker] { worker.stop(); }, [&worker](sync::GateSettings gate) { return worker.set_gate(std::move(gate)); }});
  keep_watchdog_fed(io, clock);
  const auto ready = [&log] {
    log.info("sync-worker is running", {.metadata = {{"version", CALSYNC_VERSION}}});
    notify_ready("running");
  };
  const int status = run_root(io, worker.serve(ready), log);
  if (status == exit_ok) log.info("sync-worker stopped");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("calsync-worker: claims due calendar connections and mirrors them");
  app.set_version_flag("--version", std::string("calsync-worker ") + CALSYNC_VERSION);
  std::string config;
  app.add_option("--config", config, "YAML configuration file");
  app.require_subcommand(1);
  app.fallthrough();
  const CLI::App* serve = app.add_subcommand("run", "work until SIGTERM or SIGINT");
  const CLI::App* once = app.add_subcommand("once", "sync what is due now, then exit");
  app.add_subcommand("check-config", "read the configuration, say what is wrong with it, and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_by_usage(app, error);
  }
  auto startup = Startup::read(config);
  if (!startup) return complain_on_stderr(startup.error());
  if (*serve || *once) return run(std::move(*startup), static_cast<bool>(*once));
  return startup->check_config();
}
