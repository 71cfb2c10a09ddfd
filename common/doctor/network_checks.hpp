// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/base/config.hpp"
#include "common/doctor/finding.hpp"
#include "common/net/http.hpp"

namespace calsync::doctor {

struct ProviderReport {
  Finding finding{};
  std::optional<Duration> clock_ahead{};  ///< this machine's, of the provider's
};

/// One for each origin of a configured provider's endpoints: an answer of any status is one.
Task<std::vector<ProviderReport>> check_providers(net::HttpTransport& transport, AsyncClock& clock,
                                                  const Settings& settings);

/// That nobody else listens there; a daemon of ours that answers /healthz may.
Task<Finding> check_port(asio::any_io_executor executor, net::HttpTransport& own, AsyncClock& clock, std::string key,
                         std::string host, std::uint16_t port);

/// From how far this machine's clock is from each of the others': to the second, as far as they tell it.
Finding check_clock(const std::optional<Duration>& database, const std::vector<ProviderReport>& providers);

}  // namespace calsync::doctor
