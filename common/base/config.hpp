// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/log.hpp"
#include "common/base/quota.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace calsync {

using Environment = std::map<std::string, std::string>;

/// Settings of both daemons: the YAML file under `--config`, overridden by the environment. docs/configuration.md
/// explains each key. Secrets come from the environment or from files named by NAME_FILE, never from YAML.
struct Settings {
  struct Server {
    std::string host = "127.0.0.1";
    int port = 8080;
    std::string public_url{};  ///< how browsers reach us; default http://host:port
    int max_connections = 4096;
    int drain_seconds = 20;
    bool metrics_public = true;  ///< false = /metrics wants an admin token
  } server;
  struct OAuth {
    bool require_confirmation = false;
    std::vector<std::string> return_to{};  ///< exact URLs that a connect may end at
    int link_seconds = 600;                ///< life of a connect link, at most 600
  } oauth;
  /// Of all workers together; 0 = no limit.
  struct Quotas {
    int project_per_minute = 0;   ///< calls with one client id
    int account_per_minute = 0;   ///< calls for one account
    int host_per_minute = 0;      ///< calls to one host
    int account_concurrency = 0;  ///< calls for one account at a time
    int full_reads = 0;           ///< full reads that nobody waits for, at a time
  };
  struct Google {
    std::string client_id{};
    Secret client_secret{};
    std::string redirect_uri{};
    std::string authorize = "https://accounts.google.com/o/oauth2/v2/auth";
    std::string token = "https://oauth2.googleapis.com/token";
    std::string revoke = "https://oauth2.googleapis.com/revoke";
    std::string userinfo = "https://openidconnect.googleapis.com/v1/userinfo";
    std::string api = "https://www.googleapis.com/calendar/v3";
    std::vector<std::string> scopes{};  ///< empty = the adapter's own
    Quotas quotas{10000, 600, 0, 0, 64};
  } google;
  struct Microsoft {
    std::string client_id{};
    Secret client_secret{};
    std::string redirect_uri{};
    std::string tenant = "common";  ///< common, organizations, consumers, or one tenant's id or domain
    std::string prompt = "select_account";
    std::string authorize = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize";
    std::string token = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token";
    std::string api = "https://graph.microsoft.com/v1.0";
    std::vector<std::string> scopes{};  ///< empty = the adapter's own
    int past_days = 31;                 ///< the mirror's window around today
    int future_days = 400;
    int window_hours = 24;  ///< from one full read to the next, which moves the window on
    Quotas quotas{30000, 400, 0, 4, 64};
  } microsoft;
  struct Ics {
    int max_bytes = 16 * 1024 * 1024;
    Quotas quotas{0, 0, 3000, 0, 64};
  } ics;
  struct Worker {
    int concurrency = 256;  ///< runs in flight
    int per_owner = 16;     ///< of them, of one owner
    int lease_seconds = 300;
    int poll_milliseconds = 500;  ///< the safety net under LISTEN/NOTIFY
    int heartbeat_milliseconds = 3000;
    int upkeep_milliseconds = 1000;  ///< between two looks at channels, and at what deleted connections left
    int checkpoint_rows = 2000;      ///< rows that a run holds before it commits or stages them
    int request_seconds = 30;        ///< one provider call
    int run_seconds = 1800;          ///< one run; its lease is extended while it works
    int drain_seconds = 20;
    std::string metrics_host = "127.0.0.1";
    int metrics_port = 0;  ///< 0 = no listener
  } worker;
  struct Push {
    bool open_channels = true;            ///< false = polling only; channels that are still open are stopped
    std::string public_url{};             ///< how providers reach us; default server.public_url
    int channel_seconds = 7 * 24 * 3600;  ///< life to ask for; a channel is replaced at about half of it
    int patience_seconds =
        15;  ///< a channel that says nothing for so long about a change that polling found is replaced
  } push;
  struct Database {
    int pool_size = 8;
  } database;
  struct Retention {
    int tombstone_days = 30;
    int run_days = 14;
  } retention;
  bool allow_insecure_endpoints = false;  ///< plain http towards providers
  bool allow_private_addresses = false;   ///< feeds on private networks
  std::string ca_file{};
  Level log_level = Level::info;

  Secret database_url{};
  Secret token_keys{};
  Secret app_tokens{};
  Secret admin_tokens{};
};

/// Reads a whole file, or says in one sentence why not.
using FileReader = std::function<Result<std::string>(const std::string& path)>;

/// failure misconfigured names the file, the key, what stands there and what was expected; an unknown key names the
/// nearest known one. `yaml_path` may be empty.
Result<Settings> load_settings(const std::string& yaml_path, const Environment& environment,
                               const FileReader& read_file);

/// Endpoint URLs must be https unless allow_insecure_endpoints; numbers must be in range; called by load_settings.
Result<void> check_settings(const Settings& settings);

}  // namespace calsync
