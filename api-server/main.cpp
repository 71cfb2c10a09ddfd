// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "api-server/api_server.hpp"
#include "api-server/authenticate.hpp"
#include "api-server/commands.hpp"
#include "common/doctor/doctor.hpp"
#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/process.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/runtime/usage.hpp"

namespace {

using namespace calsync;

int serve(Startup startup) {
  SystemClock clock;
  OsRandom random;
  const Log log = startup.make_log(clock);
  auto keys = startup.require_keys();
  if (!keys) return startup.complain(keys.error());
  asio::io_context io(1);
  std::optional<api::ApiServer> server;
  try {
    server.emplace(io, api::Surroundings{clock, random, log, CALSYNC_VERSION}, startup.settings(), std::move(*keys),
                   startup.gate());
  } catch (const boost::system::system_error& error) {
    return complain_on_stderr(
        fail(Failure::misconfigured, fmt::format("cannot listen on {}:{}: {}", startup.settings().server.host,
                                                 startup.settings().server.port, error.code().message())));
  } catch (const std::runtime_error& error) {
    return complain_on_stderr(fail(Failure::misconfigured, error.what()));
  }
  watch_signals(io, startup, log,
                {[&server] { server->stop(); },
                 [&server](sync::GateSettings gate) { return server->set_gate(std::move(gate)); }});
  keep_watchdog_fed(io, clock);
  const auto ready = [&log](std::uint16_t port) {
    log.info("api-server is listening", {.metadata = {{"port", std::to_string(port)}, {"version", CALSYNC_VERSION}}});
    notify_ready("listening");
  };
  const int status = run_root(io, server->serve(ready), log);
  if (status == exit_ok) log.info("api-server stopped");
  return status;
}

/// What only the API server knows how to read.
doctor::Finding check_tokens(const char* name, const Secret& text, api::CallerKind kind) {
  const auto ring = api::TokenRing::parse(text.reveal(), kind);
  if (!ring)
    return {doctor::Grade::wrong, name, ring.error().message, "correct the entry: name:token, or name:sha256:HEX"};
  if (ring->empty()) return {doctor::Grade::warn, name, "there are none, so nobody may call", "name one: name:token"};
  return {doctor::Grade::ok, name, "they can be read"};
}

doctor::Findings check_all_tokens(const Settings& settings) {
  return {check_tokens("CALENDAR_APP_TOKENS", settings.app_tokens, api::CallerKind::app),
          check_tokens("CALENDAR_ADMIN_TOKENS", settings.admin_tokens, api::CallerKind::admin)};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("calsync-api: OAuth, connections, sync requests and admin runs over HTTP");
  app.set_version_flag("--version", std::string("calsync-api ") + CALSYNC_VERSION);
  std::string config;
  std::string id;
  bool as_json = false;
  bool offline = false;
  app.add_option("--config", config, "YAML configuration file");
  app.require_subcommand(1);
  app.fallthrough();
  const CLI::App* serving = app.add_subcommand("serve", "serve until SIGTERM or SIGINT");
  const CLI::App* migrating = app.add_subcommand("migrate", "bring the database schema up to date");
  const CLI::App* rotating =
      app.add_subcommand("rotate-keys", "seal stored credentials with the first key of CALENDAR_TOKEN_KEYS");
  CLI::App* explaining = app.add_subcommand("explain", "say why a connection is or is not syncing");
  explaining->add_option("ID", id, "connection id")->required();
  explaining->add_flag("--json", as_json, "as JSON, as GET …/connections/{id}/explain answers it");
  CLI::App* checking = app.add_subcommand(
      "check-config", "read the configuration, look at all that serving needs, say what is wrong and how to mend it");
  checking->add_flag("--offline", offline, "only read the configuration");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_by_usage(app, error);
  }
  auto startup = Startup::read(config);
  if (!startup) return complain_on_stderr(startup.error());
  const SystemClock clock;
  if (*serving) return serve(std::move(*startup));
  const Log log = startup->make_log(clock);
  if (*migrating) return api::migrate_database(*startup, log);
  if (*rotating) return api::rotate_keys(*startup, log);
  if (*explaining) return api::explain_connection(*startup, log, id, as_json);
  return doctor::check_config(*startup, log, doctor::Daemon::api, offline, check_all_tokens(startup->settings()));
}
