// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/doctor.hpp"

#include <iostream>
#include <stdexcept>

#include "common/doctor/database_checks.hpp"
#include "common/doctor/network_checks.hpp"
#include "common/net/beast_transport.hpp"
#include "common/providers/registry.hpp"
#include "common/runtime/daemon_loop.hpp"
#include "common/runtime/system_clock.hpp"

namespace calsync::doctor {
namespace {

struct Patient {
  const Startup& startup;
  const KeyRing& keys;
  Daemon daemon;
};

/// To a daemon of ours, wherever it listens.
net::TransportOptions to_ourselves() {
  net::TransportOptions options;
  options.allow_insecure = true;
  options.allow_private_addresses = true;
  return options;
}

Task<Finding> check_own_port(asio::any_io_executor executor, SystemClock& clock, const Settings& settings,
                             Daemon daemon) {
  const bool api = daemon == Daemon::api;
  const int port = api ? settings.server.port : settings.worker.metrics_port;
  if (port == 0) co_return Finding{Grade::ok, "port", api ? "any free one" : "no listener is wanted"};
  const auto own = net::make_beast_transport(executor, clock, to_ourselves());
  co_return co_await check_port(executor, *own, clock, api ? "server.port" : "worker.metrics_port",
                                api ? settings.server.host : settings.worker.metrics_host,
                                static_cast<std::uint16_t>(port));
}

Task<void> examine(asio::any_io_executor executor, SystemClock& clock, Patient patient, Findings& findings) {
  const Settings& settings = patient.startup.settings();
  findings.push_back(check_flags(patient.startup.gate()));
  DatabaseReport database =
      co_await check_database(executor, clock, settings.database_url, patient.keys, patient.daemon);
  for (Finding& one : database.findings) findings.push_back(std::move(one));
  if (patient.daemon == Daemon::api) {
    for (Finding& one : check_redirects(settings)) findings.push_back(std::move(one));
  }
  std::vector<ProviderReport> providers;
  try {
    const auto transport = net::make_beast_transport(executor, clock, providers::transport_options(settings));
    providers = co_await check_providers(*transport, clock, settings);
    for (const ProviderReport& one : providers) findings.push_back(one.finding);
  } catch (const std::invalid_argument& error) {
    findings.push_back(
        {Grade::wrong, "ca_file", error.what(), "set ca_file to a readable PEM bundle, or leave it out"});
  }
  findings.push_back(check_clock(database.clock_ahead, providers));
  findings.push_back(check_webhook(settings));
  findings.push_back(co_await check_own_port(executor, clock, settings, patient.daemon));
}

void print(const Findings& findings) {
  for (const Finding& one : findings) std::cout << line_of(one) << "\n";
}

}  // namespace

int check_config(const Startup& startup, const Log& log, Daemon daemon, bool offline, Findings more) {
  if (offline) return startup.check_config();
  const auto keys = startup.require_keys();
  if (!keys) return startup.complain(keys.error());
  // Flags are a line of the findings, too; their sentence belongs on stderr like that of every wrong setting.
  const bool settings_are_valid = startup.check_config() == exit_ok;
  asio::io_context io(1);
  SystemClock clock;
  Findings findings;
  const Patient patient{startup, *keys, daemon};
  const int ran = run_root(io, examine(io.get_executor(), clock, patient, findings), log);
  for (Finding& one : more) findings.push_back(std::move(one));
  print(findings);
  if (ran != exit_ok) return ran;
  return settings_are_valid ? exit_status(findings) : exit_usage;
}

}  // namespace calsync::doctor
