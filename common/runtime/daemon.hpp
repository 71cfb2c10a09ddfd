// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <map>
#include <optional>
#include <string>

#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/sync/gate.hpp"

namespace calsync {

inline constexpr int exit_ok = 0;
inline constexpr int exit_fatal = 1;
inline constexpr int exit_usage = 2;

/// What both daemons do first: the environment (and CALENDAR_ENV_FILE over it), the YAML file, the flags.
class Startup {
 public:
  /// failure misconfigured with the one sentence to print.
  static Result<Startup> read(const std::string& config_path);

  const Settings& settings() const { return settings_; }
  const sync::GateSettings& gate() const { return gate_; }
  Log make_log(const Clock& clock) const;
  /// DATABASE_URL and CALENDAR_TOKEN_KEYS are there and readable.
  Result<KeyRing> require_keys() const;
  /// Reads CALENDAR_ENV_FILE again, validates, and logs what changed. Nothing = it is unreadable and the old gate
  /// stands.
  std::optional<sync::GateSettings> reload_gate(const Log& log);
  /// Prints "configuration is valid" or the first problem, also of the flags; the exit status.
  int check_config() const;
  int complain(const Error& error) const;

 private:
  static Result<Environment> effective_environment();
  Settings settings_;
  void log_fixed(const Log& log, const std::map<std::string, std::string>& now) const;
  sync::GateSettings gate_;
  std::map<std::string, std::string> fixed_;
};

int complain_on_stderr(const Error& error);
/// Logs what ended the daemon and returns exit_fatal.
int report_fatal(std::exception_ptr failure, const Log& log);

}  // namespace calsync
