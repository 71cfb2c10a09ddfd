// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/providers/microsoft/graph_subscriptions.hpp"

namespace calsync::microsoft {

/// Graph subscriptions. They are replaced like any other channel, new before old, instead of being prolonged: a new
/// subscription carries a new secret and a fresh authorization. Where Graph refuses a second one for the same calendar
/// (409; the documents say so, and not everybody sees it) ours is ended first.
class GraphPushChannels final : public providers::PushChannels {
 public:
  GraphPushChannels(Options options, net::HttpTransport& transport, const Clock& clock)
      : options_(std::move(options)), transport_(transport), clock_(clock) {}

  Task<Result<std::optional<providers::OpenedChannel>>> open(providers::Session session,
                                                             providers::ChannelRequest request) override;
  Task<Result<void>> stop(providers::Session session, std::string channel_id, std::string resource_id) override;
  bool finds_channels() const override { return true; }

 private:
  using Opened = std::optional<providers::OpenedChannel>;
  Task<Result<Opened>> subscribe(providers::Session session, providers::ChannelRequest request);
  Task<Result<void>> unsubscribe(providers::Session session, std::string id);
  Task<Result<std::vector<Subscription>>> find(providers::Session session,
                                               std::function<bool(const Subscription&)> wanted);

  Options options_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

}  // namespace calsync::microsoft
