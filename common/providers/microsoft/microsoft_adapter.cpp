// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/microsoft_adapter.hpp"

#include "common/net/url.hpp"
#include "common/providers/microsoft/entra_authorizer.hpp"
#include "common/providers/microsoft/graph_push_channels.hpp"
#include "common/providers/microsoft/graph_push_decoder.hpp"
#include "common/providers/microsoft/graph_reader.hpp"

namespace calsync::microsoft {

providers::Adapter make_microsoft_adapter(const Options& options, net::HttpTransport& transport, const Clock& clock) {
  providers::Adapter adapter;
  adapter.name = "microsoft";
  adapter.reader = std::make_unique<GraphReader>(options, transport, clock);
  adapter.authorizer = std::make_unique<EntraAuthorizer>(options, transport, clock);
  adapter.push_decoder = std::make_unique<GraphPushDecoder>();
  adapter.push_channels = std::make_unique<GraphPushChannels>(options, transport, clock);
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

}  // namespace calsync::microsoft
