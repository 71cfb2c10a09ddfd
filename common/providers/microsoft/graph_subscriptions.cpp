// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_subscriptions.hpp"

#include <algorithm>

#include "common/providers/microsoft/event_fields.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/microsoft/graph_push_decoder.hpp"

namespace calsync::microsoft {
namespace {

/// Outlook events: 10,080 minutes. A clock that is a little ahead must not ask for more.
constexpr std::chrono::minutes longest_life{10'080 - 15};
constexpr std::size_t longest_id = 128;
constexpr std::string_view channel_query = "?channel=";

std::string resource_of(std::string_view calendar_id) { return "me/calendars/" + std::string(calendar_id) + "/events"; }

bool says(const ErrorBody& body, std::string_view code) {
  return std::any_of(body.codes.begin(), body.codes.end(),
                     [&](const std::string& one) { return same_word(one, code); });
}

std::string subscriptions_url(const Options& options) { return api_url(options.endpoints.api, "/subscriptions"); }

}  // namespace

net::HttpRequest subscribe_request(const Options& options, const providers::Session& session,
                                   const providers::ChannelRequest& channel, Time now) {
  const auto life = std::min<std::chrono::seconds>(channel.life, longest_life);
  json::Writer writer;
  writer.begin_object().put("changeType", "created,updated,deleted").put("notificationUrl", channel.address);
  writer.put("lifecycleNotificationUrl", channel.address + std::string(channel_query) + channel.channel_id);
  writer.put("resource", resource_of(channel.calendar_id));
  writer.put("expirationDateTime", format_rfc3339(std::chrono::floor<std::chrono::seconds>(now + life)));
  writer.put("clientState", client_state(channel.channel_id, channel.secret).reveal()).end_object();
  net::HttpRequest request = graph_post(subscriptions_url(options), Secret(writer.text()), session);
  request.operation = "watch";
  return request;
}

Result<std::optional<providers::OpenedChannel>> parse_subscribed(const net::HttpResponse& response, Time now) {
  if (response.status != 201 && response.status != 200) {
    const ErrorBody body = parse_error_body(response.body);
    const bool inside = response.status == 400 && says(body, "ExtensionError");
    if (response.status == 403 || inside) return std::optional<providers::OpenedChannel>();
    Error error = api_error(response, Asked::event, now);
    // Both are about what the request says, and of that only the address is not our own code's.
    const bool address = response.status == 400 && (says(body, "InvalidRequest") || says(body, "ValidationError"));
    if (address) error.failure = Failure::misconfigured;
    return error;
  }
  const auto answer = json::parse(response.body);
  if (!answer || !answer->IsObject())
    return fail(Failure::malformed, "Microsoft answered a subscription with something that is no JSON object");
  providers::OpenedChannel opened;
  opened.resource_id = json::text_at(*answer, "id");
  if (opened.resource_id.empty() || opened.resource_id.size() > longest_id)
    return fail(Failure::malformed, "Microsoft answered a subscription without a usable id");
  opened.expires_at = parse_rfc3339(json::text_at(*answer, "expirationDateTime"));
  if (opened.expires_at && *opened.expires_at <= now)
    return fail(Failure::malformed, "Microsoft answered with a subscription that has already expired");
  return std::optional(std::move(opened));
}

net::HttpRequest unsubscribe_request(const Options& options, const providers::Session& session, const std::string& id) {
  net::HttpRequest request =
      graph_request("DELETE", subscriptions_url(options) + '/' + net::percent_encode(id), session);
  request.operation = "stop";
  return request;
}

Result<void> parse_unsubscribed(const net::HttpResponse& response, Time now) {
  if (response.status >= 200 && response.status < 300) return {};
  if (response.status == 404) return {};
  return api_error(response, Asked::event, now);
}

net::HttpRequest subscriptions_request(const Options& options, const providers::Session& session,
                                       const std::string& page) {
  net::HttpRequest request = graph_request("GET", page.empty() ? subscriptions_url(options) : page, session);
  request.operation = "list_channels";
  return request;
}

Result<SubscriptionPage> parse_subscriptions(const net::HttpResponse& response, const Options& options,
                                             const std::string& page, Time now) {
  if (response.status != 200) return api_error(response, Asked::event, now);
  auto split = split_page(response.body);
  if (!split) return split.error();
  auto links = page_links(split->envelope, options.endpoints.api, page);
  if (!links) return links.error();
  SubscriptionPage out{{}, std::move(links->next)};
  for (const json::Slice bytes : split->items) {
    const auto item = json::parse(bytes);
    if (!item || !item->IsObject()) continue;
    out.subscriptions.push_back({json::text_at(*item, "id"), json::text_at(*item, "resource"),
                                 json::text_at(*item, "lifecycleNotificationUrl")});
  }
  return out;
}

bool is_channel(const Subscription& subscription, const std::string& channel_id) {
  return !subscription.id.empty() && subscription.lifecycle_url.ends_with(std::string(channel_query) + channel_id);
}

bool rivals(const Subscription& subscription, const providers::ChannelRequest& channel) {
  // An answer may name the person instead of "me".
  const std::string tail = resource_of(channel.calendar_id).substr(2);
  return !subscription.id.empty() && subscription.resource.ends_with(tail) &&
         subscription.lifecycle_url.starts_with(channel.address + std::string(channel_query));
}

}  // namespace calsync::microsoft
