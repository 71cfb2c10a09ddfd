// SPDX-License-Identifier: Apache-2.0
#include "common/providers/registry.hpp"

#include "common/net/url.hpp"
#include "common/providers/google/google_adapter.hpp"
#include "common/providers/microsoft/microsoft_adapter.hpp"

namespace calsync::providers {
namespace {

Quota per_minute(int calls) { return {static_cast<double>(calls), std::chrono::minutes(1)}; }

}  // namespace

RegistrySettings registry_settings(const Settings& settings) {
  RegistrySettings out;
  const Settings::Google& google = settings.google;
  if (!google.client_id.empty()) {
    out.google = google::Options{google.client_id,
                                 google.client_secret,
                                 google.redirect_uri,
                                 {google.authorize, google.token, google.revoke, google.userinfo, google.api},
                                 google.scopes,
                                 per_minute(google.quotas.project_per_minute),
                                 per_minute(google.quotas.account_per_minute),
                                 google.quotas.account_concurrency,
                                 google.quotas.full_reads};
  }
  const Settings::Microsoft& microsoft = settings.microsoft;
  if (!microsoft.client_id.empty()) {
    out.microsoft = microsoft::Options{microsoft.client_id,
                                       microsoft.client_secret,
                                       microsoft.redirect_uri,
                                       microsoft.tenant,
                                       microsoft.prompt,
                                       {microsoft.authorize, microsoft.token, microsoft.api},
                                       microsoft.scopes,
                                       {microsoft.past_days, microsoft.future_days, microsoft.window_hours},
                                       per_minute(microsoft.quotas.project_per_minute),
                                       per_minute(microsoft.quotas.account_per_minute),
                                       microsoft.quotas.account_concurrency,
                                       microsoft.quotas.full_reads};
  }
  out.ics.max_bytes = static_cast<std::size_t>(settings.ics.max_bytes);
  out.ics.allow_insecure = settings.allow_insecure_endpoints;
  out.ics.account_calls = per_minute(settings.ics.quotas.account_per_minute);
  out.ics.host_calls = per_minute(settings.ics.quotas.host_per_minute);
  out.ics.full_reads = settings.ics.quotas.full_reads;
  return out;
}

net::TransportOptions transport_options(const Settings& settings) {
  net::TransportOptions options;
  options.allow_insecure = settings.allow_insecure_endpoints;
  options.allow_private_addresses = settings.allow_private_addresses;
  options.ca_file = settings.ca_file;
  // The operator's own endpoints may be anywhere; what strangers name may not.
  for (const std::string* url :
       {&settings.google.authorize, &settings.google.token, &settings.google.revoke, &settings.google.userinfo,
        &settings.google.api, &settings.microsoft.authorize, &settings.microsoft.token, &settings.microsoft.api}) {
    if (const auto parsed = net::parse_url(url->substr(0, url->find("/{"))))
      options.trusted_origins.push_back(parsed->origin());
  }
  return options;
}

Registry::Registry(const RegistrySettings& settings, net::HttpTransport& transport, const Clock& clock,
                   Metrics& metrics) {
  const auto add = [&](auto make) {
    CountedTransport& counted = *transports_.emplace_back(std::make_unique<CountedTransport>(transport, metrics));
    const Adapter& adapter = adapters_.emplace_back(make(counted));
    counted.set_provider(adapter.name);
    metrics.know_provider(adapter.name, adapter.push_decoder != nullptr);
  };
  if (settings.google)
    add([&](net::HttpTransport& own) { return google::make_google_adapter(*settings.google, own, clock); });
  if (settings.microsoft)
    add([&](net::HttpTransport& own) { return microsoft::make_microsoft_adapter(*settings.microsoft, own, clock); });
  add([&](net::HttpTransport& own) { return ics::make_ics_adapter(own, settings.ics, clock); });
}

const Adapter* Registry::find(std::string_view name) const {
  for (const Adapter& adapter : adapters_) {
    if (adapter.name == name) return &adapter;
  }
  return nullptr;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const Adapter& adapter : adapters_) names.push_back(adapter.name);
  return names;
}

}  // namespace calsync::providers
