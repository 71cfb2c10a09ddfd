// SPDX-License-Identifier: Apache-2.0
#include "common/runtime/daemon.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "common/runtime/environment.hpp"
#include "common/runtime/process.hpp"

namespace calsync {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fail(Failure::misconfigured, "cannot read the file " + path);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void log_change(const Log& log, std::string_view name, const std::string& before, const std::string& after) {
  if (before == after) return;
  log.info("a setting changed", {.metadata = {{"name", std::string(name)}, {"before", before}, {"after", after}}});
}

bool is_read_again(const std::string& name) {
  return name == "CALENDAR_ENV" || name.starts_with("CALENDAR_ALLOWLIST_") ||
         (name.starts_with("CALENDAR_") && name.ends_with("_ENABLED"));
}

/// What takes effect at the start only, by name, as hashes: secrets are among it.
std::map<std::string, std::string> fixed_settings(const Environment& environment) {
  std::map<std::string, std::string> fixed;
  for (const auto& [name, value] : environment) {
    const bool ours = name.starts_with("CALENDAR_") || name.starts_with("CALSYNC_") || name.starts_with("GOOGLE_") ||
                      name.starts_with("MICROSOFT_") || name.starts_with("DATABASE_URL");
    if (ours && !is_read_again(name)) fixed[name] = sha256(value);
  }
  return fixed;
}

std::string describe_list(const sync::Allowlist& list) {
  return list.everybody ? "everybody" : std::to_string(list.ids.size()) + " ids";
}

}  // namespace

Result<Environment> Startup::effective_environment() {
  Environment environment = read_environment();
  const auto file = environment.find("CALENDAR_ENV_FILE");
  if (file == environment.end() || file->second.empty()) return environment;
  const auto text = read_file(file->second);
  if (!text) return fail(Failure::misconfigured, "CALENDAR_ENV_FILE: " + text.error().message);
  auto overrides = parse_environment_file(*text);
  if (!overrides) return fail(Failure::misconfigured, "CALENDAR_ENV_FILE: " + overrides.error().message);
  for (auto& [name, value] : *overrides) environment[name] = std::move(value);
  return environment;
}

Result<Startup> Startup::read(const std::string& config_path) {
  forbid_core_dumps();
  auto environment = effective_environment();
  if (!environment) return environment.error();
  auto settings = load_settings(config_path, *environment, read_file);
  if (!settings) return settings.error();
  Startup startup;
  startup.settings_ = std::move(*settings);
  startup.gate_ = sync::parse_gate(*environment);
  startup.fixed_ = fixed_settings(*environment);
  return startup;
}

Log Startup::make_log(const Clock& clock) const {
  // One write a line: lines of several processes on one pipe do not mix.
  return Log(clock, settings_.log_level, [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  });
}

Result<KeyRing> Startup::require_keys() const {
  if (settings_.database_url.empty())
    return fail(Failure::misconfigured, "DATABASE_URL (or DATABASE_URL_FILE) is not set");
  if (settings_.token_keys.empty()) {
    return fail(Failure::misconfigured,
                "CALENDAR_TOKEN_KEYS (or CALENDAR_TOKEN_KEYS_FILE) is not set; make a key with: echo \"k1:$(openssl "
                "rand -base64 32)\"");
  }
  auto keys = KeyRing::parse(settings_.token_keys.reveal());
  if (!keys) return fail(Failure::misconfigured, "CALENDAR_TOKEN_KEYS: " + keys.error().message);
  return keys;
}

std::optional<sync::GateSettings> Startup::reload_gate(const Log& log) {
  const auto environment = effective_environment();
  if (!environment) {
    log.error("the settings could not be read again; the old ones stand",
              {.error_code = "configuration_error", .metadata = {{"reason", environment.error().message}}});
    return std::nullopt;
  }
  sync::GateSettings next = sync::parse_gate(*environment);
  for (const sync::Flag flag : {sync::Flag::sync, sync::Flag::oauth, sync::Flag::jobs, sync::Flag::webhook}) {
    log_change(log, sync::flag_name(flag), gate_.on(flag) ? "true" : "false", next.on(flag) ? "true" : "false");
  }
  if (gate_.owners != next.owners)
    log_change(log, "CALENDAR_ALLOWLIST_PROVIDER_IDS", describe_list(gate_.owners),
               describe_list(next.owners) + " (new)");
  if (gate_.connections != next.connections)
    log_change(log, "CALENDAR_ALLOWLIST_CONNECTION_IDS", describe_list(gate_.connections),
               describe_list(next.connections) + " (new)");
  log_fixed(log, fixed_settings(*environment));
  gate_ = next;
  return next;
}

void Startup::log_fixed(const Log& log, const std::map<std::string, std::string>& now) const {
  std::map<std::string, std::string> all = now;
  all.insert(fixed_.begin(), fixed_.end());
  for (const auto& [name, hash] : all) {
    const auto before = fixed_.find(name);
    const auto after = now.find(name);
    if (before != fixed_.end() && after != now.end() && before->second == after->second) continue;
    log.warn("a setting changed that takes effect after a restart only", {.metadata = {{"name", name}}});
  }
}

int Startup::check_config() const {
  const auto keys = require_keys();
  if (!keys) return complain(keys.error());
  for (const sync::InvalidSetting& one : gate_.invalid) {
    return complain(fail(Failure::misconfigured, one.name + " is '" + one.value + "': " + one.reason));
  }
  std::cout << "configuration is valid\n";
  const std::string others = keys->other_keys();
  std::cout << "token keys: '" << keys->active_key() << "' seals" << (others.empty() ? "" : "; also opened: " + others)
            << "\n";
  return exit_ok;
}

int Startup::complain(const Error& error) const { return complain_on_stderr(error); }

int complain_on_stderr(const Error& error) {
  std::cerr << "calsync: " << error.message << "\n";
  return exit_usage;
}

int report_fatal(std::exception_ptr failure, const Log& log) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log.error("fatal: " + std::string(error.what()), {.error_code = "internal_error"});
    std::cerr << "calsync: " << error.what() << "\n";
  }
  return exit_fatal;
}

}  // namespace calsync
