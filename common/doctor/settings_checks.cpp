// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/settings_checks.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include "common/net/address_guard.hpp"
#include "common/net/url.hpp"

namespace calsync::doctor {
namespace {

std::string on_or_off(const sync::GateSettings& gate) {
  std::string text;
  for (const auto& [flag, on] : gate.flags)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", sync::flag_name(flag), on);
  return text;
}

std::string admitted(const sync::Allowlist& list) {
  return list.everybody ? "everybody" : fmt::format("{} ids", list.ids.size());
}

Finding check_redirect(const Settings& settings, const char* provider, const char* variable, const std::string& uri) {
  const std::string name = fmt::format("redirect_uri {}", provider);
  const std::string wanted = fmt::format("{}/api/auth/{}/callback", settings.server.public_url, provider);
  const std::string fix =
      fmt::format("set {}={} (or correct server.public_url), and register it with the provider", variable, wanted);
  if (uri.empty()) return {Grade::wrong, name, fmt::format("{} is not set", variable), fix};
  if (uri != wanted)
    return {Grade::wrong, name,
            fmt::format("{} is not server.public_url with /api/auth/{}/callback", variable, provider), fix};
  if (uri.starts_with("https://")) return {Grade::ok, name, "it is ours, over https"};
  return {settings.allow_insecure_endpoints ? Grade::warn : Grade::wrong, name,
          "it is plain http, which providers refuse", "serve it over https and set server.public_url to that address"};
}

/// Why providers cannot send anything there, as far as the address itself shows it.
std::string unreachable(const net::Url& url) {
  if (url.host == "localhost" || url.host.ends_with(".localhost") || url.host.ends_with(".local"))
    return "it is this machine's own name";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(url.host, error);
  if (error) return {};
  const auto kind = net::special_purpose(address);
  return kind ? fmt::format("its address is {}", *kind) : std::string();
}

}  // namespace

std::string_view daemon_name(Daemon daemon) { return daemon == Daemon::api ? "calsync-api" : "calsync-worker"; }

Finding check_flags(const sync::GateSettings& gate) {
  if (gate.invalid.empty()) {
    const std::string what = fmt::format("{}; owners: {}; connections: {}", on_or_off(gate), admitted(gate.owners),
                                         admitted(gate.connections));
    const bool nobody = !gate.owners.everybody && gate.owners.ids.empty();
    if (!gate.on(sync::Flag::sync))
      return {Grade::warn, "flags", what, "set CALENDAR_SYNC_ENABLED=true when calendars are to be synced"};
    if (nobody)
      return {Grade::warn, "flags", what, "name owners in CALENDAR_ALLOWLIST_PROVIDER_IDS, or * for everybody"};
    return {Grade::ok, "flags", what};
  }
  const sync::InvalidSetting& first = gate.invalid.front();
  return {Grade::wrong, "flags", fmt::format("{} is '{}': {}", first.name, first.value, first.reason),
          fmt::format("correct {}", first.name)};
}

Findings check_redirects(const Settings& settings) {
  Findings findings;
  if (!settings.google.client_id.empty())
    findings.push_back(check_redirect(settings, "google", "GOOGLE_REDIRECT_URI", settings.google.redirect_uri));
  if (!settings.microsoft.client_id.empty())
    findings.push_back(
        check_redirect(settings, "microsoft", "MICROSOFT_REDIRECT_URI", settings.microsoft.redirect_uri));
  return findings;
}

Finding check_webhook(const Settings& settings) {
  const std::string fix =
      "set push.public_url to an https address that providers reach, or push.open_channels to false";
  if (!settings.push.open_channels)
    return {Grade::ok, "webhook", "push channels are switched off; calendars are polled"};
  const auto url = net::parse_url(settings.push.public_url);
  if (!url) return {Grade::wrong, "webhook", "push.public_url is no usable URL", fix};
  const std::string why = url->scheme != "https" ? "it is plain http" : unreachable(*url);
  if (why.empty()) return {Grade::ok, "webhook", fmt::format("providers send to {}", url->origin())};
  // As the worker's push_options decides.
  const std::string_view then = url->scheme == "https" || settings.allow_insecure_endpoints
                                    ? "channels that are opened there stay silent"
                                    : "no channels are opened, calendars are polled";
  return {Grade::warn, "webhook", fmt::format("providers cannot send to push.public_url, {}: {}", then, why), fix};
}

}  // namespace calsync::doctor
