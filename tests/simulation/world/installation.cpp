// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/installation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

std::string key_entry(int number) {
  const std::string key = sha256(fmt::format("key {}", number));
  // KeyRing::parse reads both alphabets of Base64, with and without padding.
  return fmt::format("k{}:{}", number, base64url(key));
}

KeyRing key_ring(const std::string& text) {
  auto ring = KeyRing::parse(text);
  if (!ring) throw std::logic_error(ring.error().message);
  return std::move(*ring);
}

const std::map<std::string, std::string>& everything_on() {
  static const std::map<std::string, std::string> environment{
      {"CALENDAR_ENV", "development"},          {"CALENDAR_SYNC_ENABLED", "true"},
      {"CALENDAR_OAUTH_ENABLED", "true"},       {"CALENDAR_JOBS_ENABLED", "true"},
      {"CALENDAR_WEBHOOK_ENABLED", "true"},     {"CALENDAR_ALLOWLIST_PROVIDER_IDS", ""},
      {"CALENDAR_ALLOWLIST_CONNECTION_IDS", ""}};
  return environment;
}

Settings settings_of(const Plan& plan, int worker) {
  Settings settings;
  const std::string origin(provider_origin);
  settings.google.client_id = client_id;
  settings.google.client_secret = Secret(std::string(client_secret));
  settings.google.redirect_uri = redirect_uri;
  settings.google.authorize = origin + "/o/oauth2/v2/auth";
  settings.google.token = origin + "/token";
  settings.google.revoke = origin + "/revoke";
  settings.google.userinfo = origin + "/v1/userinfo";
  settings.google.api = origin + "/calendar/v3";
  if (plan.microsoft_accounts > 0) {
    settings.microsoft.client_id = client_id;
    settings.microsoft.client_secret = Secret(std::string(client_secret));
    settings.microsoft.redirect_uri = redirect_uri;
    settings.microsoft.authorize = origin + "/entra/{tenant}/oauth2/v2.0/authorize";
    settings.microsoft.token = origin + "/entra/{tenant}/oauth2/v2.0/token";
    settings.microsoft.api = origin + "/graph/v1.0";
    if (plan.afternoon) settings.microsoft.window_hours = 1;
  }
  settings.worker.concurrency = plan.concurrency;
  settings.worker.per_owner = plan.per_owner;
  settings.worker.lease_seconds = plan.lease_seconds;
  settings.worker.poll_milliseconds = 4000 + 500 * worker;
  settings.worker.upkeep_milliseconds = 8000;
  settings.worker.checkpoint_rows = plan.checkpoint_rows;
  settings.worker.request_seconds = std::min(30, plan.lease_seconds / 2);
  settings.worker.run_seconds = 300;
  settings.worker.drain_seconds = 10;
  settings.push.open_channels = plan.pushes;
  settings.push.public_url = "https://calsync.sim";
  settings.push.channel_seconds = plan.channel_seconds;
  settings.log_level = Level::debug;
  return settings;
}

sync::CircuitLimits small_circuits() {
  sync::CircuitLimits limits;
  limits.failures = 2;
  limits.owners = 1;
  limits.longest_pause = std::chrono::seconds(12);
  // Longer than any pause between probes with its jitter: so the checks know a probe that has begun.
  limits.probe_life = std::chrono::seconds(20);
  limits.ramp = std::chrono::seconds(20);
  return limits;
}

}  // namespace calsync::simulation
