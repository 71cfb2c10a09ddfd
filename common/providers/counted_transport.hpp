// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "common/base/metrics.hpp"
#include "common/net/http.hpp"

namespace calsync::providers {

/// One adapter's way to the world: counts its requests under the provider's name. A request that was followed elsewhere
/// counts once; one that was cancelled, not at all.
class CountedTransport final : public net::HttpTransport {
 public:
  CountedTransport(net::HttpTransport& inner, Metrics& metrics) : inner_(inner), metrics_(metrics) {}
  void set_provider(std::string name) { provider_ = std::move(name); }

  Task<Result<net::HttpResponse>> send(net::HttpRequest request, Deadline deadline) override;

 private:
  net::HttpTransport& inner_;
  Metrics& metrics_;
  std::string provider_;
};

}  // namespace calsync::providers
