// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/providers/microsoft/graph_page.hpp"
#include "common/providers/microsoft/microsoft_options.hpp"

namespace calsync::microsoft {

/// A subscription that Graph lists, as far as it tells whose it is.
struct Subscription {
  std::string id{};
  std::string resource{};
  std::string lifecycle_url{};  ///< our address with our channel's id
};

/// POST /subscriptions for the events of one calendar. The life is cut to what Graph allows; lifecycle notifications
/// come to the same address, which there names the channel, so that a subscription whose answer was lost can be found.
net::HttpRequest subscribe_request(const Options& options, const providers::Session& session,
                                   const providers::ChannelRequest& channel, Time now);
/// Nothing = this calendar cannot be watched: a mailbox that the account may only look into answers 403, or the
/// Exchange side's own refusal as ExtensionError. failure misconfigured = Graph does not accept the address.
Result<std::optional<providers::OpenedChannel>> parse_subscribed(const net::HttpResponse& response, Time now);

/// DELETE /subscriptions/{id}; 404 = it has ended, which was wanted.
net::HttpRequest unsubscribe_request(const Options& options, const providers::Session& session, const std::string& id);
Result<void> parse_unsubscribed(const net::HttpResponse& response, Time now);

/// GET /subscriptions: this application's, of the account. `page` = the page before's link.
net::HttpRequest subscriptions_request(const Options& options, const providers::Session& session,
                                       const std::string& page);
struct SubscriptionPage {
  std::vector<Subscription> subscriptions{};
  std::string next{};
};
Result<SubscriptionPage> parse_subscriptions(const net::HttpResponse& response, const Options& options,
                                             const std::string& page, Time now);

/// Whether it is the channel of that id.
bool is_channel(const Subscription& subscription, const std::string& channel_id);
/// Whether it is one of ours for the same calendar, which Graph may count as the same subscription.
bool rivals(const Subscription& subscription, const providers::ChannelRequest& channel);

}  // namespace calsync::microsoft
