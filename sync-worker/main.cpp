// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>

#include "common/doctor/doctor.hpp"
#include "common/net/beast_transport.hpp"
#include "common/providers/registry.hpp"
#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/process.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/runtime/usage.hpp"
#include "common/store/postgres_worker_database.hpp"
#include "sync-worker/metrics_listener.hpp"
#include "sync-worker/sync_worker.hpp"

namespace {

using namespace calsync;

Task<void> run_once(worker::SyncWorker& worker, const Log& log) {
  const int runs = co_await worker.once();
  log.info("what was due has been synced", {.metadata = {{"runs", std::to_string(runs)}}});
}

using Listener = std::unique_ptr<worker::MetricsListener>;

/// The listener is `open_listener`'s to keep: its sessions may outlive this.
Task<void> serve(worker::SyncWorker& worker, std::function<worker::MetricsListener*()> open_listener,
                 std::function<void()> ready) {
  worker::MetricsListener* listener = open_listener();
  if (listener) {
    asio::co_spawn(co_await asio::this_coro::executor, listener->serve(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  co_await worker.serve(std::move(ready));
  if (listener) listener->stop();
}

int run(Startup startup, bool once) {
  SystemClock clock;
  OsRandom random;
  const Log log = startup.make_log(clock);
  auto keys = startup.require_keys();
  if (!keys) return startup.complain(keys.error());
  asio::io_context io(1);
  const Settings& settings = startup.settings();
  store::PostgresWorkerDatabase database(io.get_executor(), clock, settings.database_url,
                                         static_cast<std::size_t>(settings.database.pool_size),
                                         {WorkerId::trusted(random_uuid(random)), host_name(), CALSYNC_VERSION});
  const auto transport = net::make_beast_transport(io.get_executor(), clock, providers::transport_options(settings));
  Metrics metrics;
  worker::SyncWorker worker({io.get_executor(), clock, random, log, database, *transport, metrics}, settings,
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
  Listener listener;
  const auto open_listener = [&] {
    const Settings::Worker& own = settings.worker;
    if (own.metrics_port != 0) {
      listener =
          std::make_unique<worker::MetricsListener>(io.get_executor(), clock, log, database.pool(), metrics,
                                                    own.metrics_host, static_cast<std::uint16_t>(own.metrics_port));
    }
    return listener.get();
  };
  const int status = run_root(io, serve(worker, open_listener, ready), log);
  if (status == exit_ok) log.info("sync-worker stopped");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("calsync-worker: claims due calendar connections and mirrors them");
  app.set_version_flag("--version", std::string("calsync-worker ") + CALSYNC_VERSION);
  std::string config;
  bool offline = false;
  app.add_option("--config", config, "YAML configuration file");
  app.require_subcommand(1);
  app.fallthrough();
  const CLI::App* serve = app.add_subcommand("run", "work until SIGTERM or SIGINT");
  const CLI::App* once = app.add_subcommand("once", "sync what is due now, then exit");
  CLI::App* checking = app.add_subcommand(
      "check-config", "read the configuration, look at all that working needs, say what is wrong and how to mend it");
  checking->add_flag("--offline", offline, "only read the configuration");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_by_usage(app, error);
  }
  auto startup = Startup::read(config);
  if (!startup) return complain_on_stderr(startup.error());
  if (*serve || *once) return run(std::move(*startup), static_cast<bool>(*once));
  const SystemClock clock;
  return doctor::check_config(*startup, startup->make_log(clock), doctor::Daemon::worker, offline);
}
