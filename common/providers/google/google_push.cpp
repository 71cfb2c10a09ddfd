// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_push.hpp"

#include <algorithm>

#include "common/base/json.hpp"
#include "common/net/url.hpp"
#include "common/providers/google/google_errors.hpp"
#include "common/providers/google/google_page.hpp"

namespace calsync::google {
namespace {

constexpr std::size_t longest_channel_id = 64;
constexpr std::size_t longest_token = 256;
constexpr std::size_t longest_resource_id = 256;
constexpr std::int64_t end_of_time = 253'402'300'800'000;  // the year 10000, in milliseconds

Error unusable(std::string_view name, std::string_view what) {
  return fail(Failure::invalid_input, "the header " + std::string(name) + " " + std::string(what));
}

/// Google's ids and our tokens are; bytes that are no text could not even be asked for in the database.
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// Reasons that speak of the address, not of the account or the calendar: 400, and 401 for an address that the project
/// may not use, which has nothing to do with the access token.
bool blames_address(const ErrorBody& body) {
  return body.reason.starts_with("push.") || body.specific.starts_with("push.");
}

}  // namespace

Result<std::variant<providers::PushMessage, providers::PushHandshake>> GooglePushDecoder::decode(
    const providers::PushRequest& request) const {
  const providers::HeaderLookup& header = request.header;
  const struct {
    std::string_view name;
    std::size_t longest;
  } required[] = {{"x-goog-channel-id", longest_channel_id},
                  {"x-goog-channel-token", longest_token},
                  {"x-goog-resource-id", longest_resource_id}};
  for (const auto& [name, longest] : required) {
    const std::string_view value = header(name);
    if (value.empty()) return unusable(name, "is missing");
    if (value.size() > longest) return unusable(name, "is too long");
    if (!is_ascii(value)) return unusable(name, "is not ASCII");
  }
  // Calendar knows these three; other words belong to other Google products.
  const std::string_view state = header("x-goog-resource-state");
  if (state != "sync" && state != "exists" && state != "not_exists")
    return unusable("x-goog-resource-state", "must be sync, exists or not_exists");
  providers::PushMessage message;
  message.items.push_back({std::string(header("x-goog-channel-id")),
                           Secret(std::string(header("x-goog-channel-token"))),
                           std::string(header("x-goog-resource-id"))});
  return std::variant<providers::PushMessage, providers::PushHandshake>(std::move(message));
}

net::HttpRequest watch_request(const Options& options, const providers::Session& session,
                               const providers::ChannelRequest& channel) {
  json::Writer writer;
  writer.begin_object().put("id", channel.channel_id).put("type", "web_hook").put("address", channel.address);
  writer.put("token", channel.secret.reveal());
  writer.key("params").begin_object().put("ttl", std::to_string(channel.life.count())).end_object().end_object();
  const std::string path = "/calendars/" + net::percent_encode(channel.calendar_id) + "/events/watch";
  net::HttpRequest request = api_post(options.endpoints.api, path, Secret(writer.text()), session);
  request.operation = "watch";
  return request;
}

Result<std::optional<providers::OpenedChannel>> parse_watch(const net::HttpResponse& response, Time now) {
  if (response.status != 200) {
    const ErrorBody body = parse_error_body(response.body);
    if (body.reason == "pushNotSupportedForRequestedResource") return std::optional<providers::OpenedChannel>();
    Error error = api_error(response, Asked::full_read, now);
    if (blames_address(body)) error.failure = Failure::misconfigured;
    return error;
  }
  const auto answer = json::parse(response.body);
  if (!answer || !answer->IsObject())
    return fail(Failure::malformed, "Google answered a watch request with 200 and something that is no JSON object");
  providers::OpenedChannel opened;
  opened.resource_id = json::text_at(*answer, "resourceId");
  if (opened.resource_id.empty() || opened.resource_id.size() > longest_resource_id)
    return fail(Failure::malformed, "Google answered a watch request without a usable resourceId");
  if (const auto milliseconds = json::int_at(*answer, "expiration")) {
    if (*milliseconds > 0 && *milliseconds < end_of_time)
      opened.expires_at = Time(std::chrono::milliseconds(*milliseconds));
    if (*milliseconds <= 0 || (opened.expires_at && *opened.expires_at <= now))
      return fail(Failure::malformed, "Google answered a watch request with a channel that has already expired");
  }
  return std::optional(std::move(opened));
}

net::HttpRequest stop_request(const Options& options, const providers::Session& session, const std::string& channel_id,
                              const std::string& resource_id) {
  json::Writer writer;
  writer.begin_object().put("id", channel_id).put("resourceId", resource_id).end_object();
  net::HttpRequest request = api_post(options.endpoints.api, "/channels/stop", Secret(writer.text()), session);
  request.operation = "stop";
  return request;
}

Result<void> parse_stop(const net::HttpResponse& response, Time now) {
  if (response.status >= 200 && response.status < 300) return {};
  // Unknown, or ended meanwhile: what was wanted.
  if (response.status == 404) return {};
  return api_error(response, Asked::full_read, now);
}

Task<Result<std::optional<providers::OpenedChannel>>> GooglePushChannels::open(providers::Session session,
                                                                               providers::ChannelRequest request) {
  net::HttpRequest call = watch_request(options_, session, request);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(call), session.deadline);
  if (!response) co_return response.error();
  co_return parse_watch(*response, clock_.now());
}

Task<Result<void>> GooglePushChannels::stop(providers::Session session, std::string channel_id,
                                            std::string resource_id) {
  net::HttpRequest call = stop_request(options_, session, channel_id, resource_id);
  const Result<net::HttpResponse> response = co_await transport_.send(std::move(call), session.deadline);
  if (!response) co_return response.error();
  co_return parse_stop(*response, clock_.now());
}

}  // namespace calsync::google
