// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_adapter.hpp"

#include "common/net/url.hpp"
#include "common/providers/google/google_authorizer.hpp"
#include "common/providers/google/google_push.hpp"
#include "common/providers/google/google_reader.hpp"

namespace calsync::google {

providers::Adapter make_google_adapter(const Options& options, net::HttpTransport& transport, const Clock& clock) {
  providers::Adapter adapter;
  adapter.name = "google";
  adapter.reader = std::make_unique<GoogleReader>(options, transport, clock);
  adapter.authorizer = std::make_unique<GoogleAuthorizer>(options, transport, clock);
  adapter.push_decoder = std::make_unique<GooglePushDecoder>();
  adapter.push_channels = std::make_unique<GooglePushChannels>(options, transport, clock);
  const auto api = net::parse_url(options.endpoints.api);
  adapter.bounds = {options.client_id,
                    api ? api->host : options.endpoints.api,
                    options.project_calls,
                    options.account_calls,
                    Quota{},
                    options.account_concurrency,
                    options.full_reads};
  return adapter;
}

}  // namespace calsync::google
