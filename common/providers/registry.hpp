// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/config.hpp"
#include "common/net/beast_transport.hpp"
#include "common/providers/counted_transport.hpp"
#include "common/providers/google/google_options.hpp"
#include "common/providers/ics/ics_adapter.hpp"
#include "common/providers/microsoft/microsoft_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::providers {

struct RegistrySettings {
  std::optional<google::Options> google{};  ///< nothing = no client id is configured
  std::optional<microsoft::Options> microsoft{};
  ics::Options ics{};
};

/// What the daemons' configuration says about providers.
RegistrySettings registry_settings(const Settings& settings);
net::TransportOptions transport_options(const Settings& settings);

/// Every calendar provider that this process can talk to: one line each in the constructor, and nobody else branches on
/// a provider's name. Each adapter's requests are counted under its provider's name.
class Registry {
 public:
  Registry(const RegistrySettings& settings, net::HttpTransport& transport, const Clock& clock, Metrics& metrics);

  const Adapter* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::vector<std::unique_ptr<CountedTransport>> transports_;
  std::vector<Adapter> adapters_;
};

}  // namespace calsync::providers
