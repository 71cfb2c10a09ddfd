// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/google/google_options.hpp"
#include "common/providers/provider.hpp"

namespace calsync::google {

/// Messages of `events.watch` channels: everything is in the X-Goog-* headers (Calendar API, push notifications guide).
class GooglePushDecoder final : public providers::PushDecoder {
 public:
  Result<std::variant<providers::PushMessage, providers::PushHandshake>> decode(
      const providers::PushRequest& request) const override;
};

/// POST /calendars/{id}/events/watch. The asked life is an upper limit: the answer's `expiration` counts.
net::HttpRequest watch_request(const Options& options, const providers::Session& session,
                               const providers::ChannelRequest& channel);
/// Nothing = `pushNotSupportedForRequestedResource` (public holidays, birthdays …).
Result<std::optional<providers::OpenedChannel>> parse_watch(const net::HttpResponse& response, Time now);

/// POST /channels/stop; only the user and the client that opened a channel may stop it.
net::HttpRequest stop_request(const Options& options, const providers::Session& session, const std::string& channel_id,
                              const std::string& resource_id);
Result<void> parse_stop(const net::HttpResponse& response, Time now);

/// The channels of `events.watch`, which cannot be renewed, only replaced.
class GooglePushChannels final : public providers::PushChannels {
 public:
  GooglePushChannels(Options options, net::HttpTransport& transport, const Clock& clock)
      : options_(std::move(options)), transport_(transport), clock_(clock) {}

  Task<Result<std::optional<providers::OpenedChannel>>> open(providers::Session session,
                                                             providers::ChannelRequest request) override;
  Task<Result<void>> stop(providers::Session session, std::string channel_id, std::string resource_id) override;

 private:
  Options options_;
  net::HttpTransport& transport_;
  const Clock& clock_;
};

}  // namespace calsync::google
