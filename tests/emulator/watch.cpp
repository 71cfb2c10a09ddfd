// SPDX-License-Identifier: Apache-2.0
// events.watch, calendarList.watch and channels.stop
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api_call.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "push_address.hpp"

namespace calsync::emulator {
namespace {

constexpr std::size_t longest_id = 64, longest_token = 256;
constexpr std::int64_t sync_wait_ms = 5000;

ApiError push_error(unsigned status, std::string_view reason, std::string message) {
  return {status, "global", reason, std::move(message)};
}

void check_id(const ChannelStore& channels, std::string_view id) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=";
  if (id.empty()) throw missing_field("Missing channel id.");
  if (id.size() > longest_id || id.find_first_not_of(allowed) != id.npos) throw invalid_value("Invalid channel id.");
  if (channels.used(id)) throw push_error(400, "channelIdNotUnique", fmt::format("Channel id {} not unique", id));
}

void check_type(std::string_view type) {
  if (type.empty()) throw missing_field("Missing channel type.");
  if (type != "web_hook" && type != "webhook")
    throw push_error(400, "push.channelTypeNotSupported", fmt::format("Channel type {} is not supported", type));
}

void check_address(const Settings& settings, std::string_view text) {
  const auto address = parse_address(text);
  if (!address)
    throw push_error(400, "push.webhookUrlNoHostOrAddress", fmt::format("WebHook callback has no host: {}", text));
  if (!address->secure && !(settings.push_allow_http && address->loopback()))
    throw push_error(400, "push.webhookUrlNotHttps", fmt::format("WebHook callback must be HTTPS: {}", text));
  if (!settings.push_unauthorized_host.empty() && equal_ignoring_case(address->host, settings.push_unauthorized_host))
    throw push_error(401, "push.webhookUrlUnauthorized",
                     fmt::format("Unauthorized WebHook callback channel: {}", text));
}

// A number, also as a string, as the client libraries write 64-bit values.
std::optional<std::int64_t> number_in(const JsonValue& object, std::string_view name) {
  const JsonValue* value = member(object, name);
  if (!value || value->IsNull()) return std::nullopt;
  const auto number = value->IsString()  ? parse_integer(string_member(object, name))
                      : value->IsInt64() ? std::optional(value->GetInt64())
                                         : std::nullopt;
  if (!number || *number <= 0) throw invalid_value(fmt::format("Invalid value for: {}", name));
  return number;
}

// The strictest of what was asked for and what is allowed.
std::int64_t expiration_of(const Settings& settings, const JsonValue& body, std::int64_t now) {
  const JsonValue* params = member(body, "params");
  const auto ttl = params && params->IsObject() ? number_in(*params, "ttl") : std::nullopt;
  const auto wanted = number_in(body, "expiration");
  if (wanted && *wanted <= now) throw invalid_value("The expiration lies in the past.");
  std::int64_t seconds = std::min(ttl.value_or(settings.push_max_ttl_seconds), settings.push_max_ttl_seconds);
  if (!ttl && !wanted) seconds = std::min(settings.push_default_ttl_seconds, seconds);
  const std::int64_t latest = now + seconds * 1000;
  return wanted ? std::min(*wanted, latest) : latest;
}

// The list's own parameters stay in the URI of the resource.
std::string query_of(const Request& request) {
  constexpr std::array<std::string_view, 8> general{"alt",         "fields",       "key",       "prettyPrint",
                                                    "oauth_token", "access_token", "quotaUser", "userIp"};
  std::string query = "?";
  for (const auto& [name, value] : request.query.pairs())
    if (std::ranges::find(general, name) == general.end()) query += name + '=' + percent_encode(value) + '&';
  return query + "alt=json";
}

std::string path_of(const Channel& channel) {
  if (channel.calendar_id.empty()) return "users/me/calendarList";
  std::string id;
  for (const char c : channel.calendar_id) id += c == '@' ? "@" : percent_encode(std::string_view(&c, 1));
  return "calendars/" + id + "/events";
}

Channel read_channel(ApiCall& call, std::string calendar_id) {
  const Settings& settings = call.provider.settings;
  const Json body = body_of(call.request);
  Channel channel;
  channel.id = string_member(body, "id");
  channel.token = string_member(body, "token");
  channel.address = string_member(body, "address");
  check_type(string_member(body, "type"));
  if (channel.address.empty()) throw missing_field("Missing channel address.");
  check_address(settings, channel.address);
  // It becomes a header line.
  if (channel.token.size() > longest_token || channel.token.find_first_of("\r\n\0", 0, 3) != channel.token.npos)
    throw invalid_value("Invalid channel token.");
  check_id(call.provider.push.channels, channel.id);
  channel.account = call.account.email;
  channel.calendar_id = std::move(calendar_id);
  channel.created_ms = now_ms();
  channel.expiration_ms = channel.ends_ms = expiration_of(settings, body, channel.created_ms);
  const std::string path = path_of(channel);
  channel.resource_id = base64url(sha256(call.account.sub + '/' + path)).substr(0, 27);
  channel.resource_uri = "https://www.googleapis.com/calendar/v3/" + path + query_of(call.request);
  return channel;
}

std::string answer_of(const Channel& channel) {
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("api#channel")");
    object.text("id", channel.id);
    object.text("resourceId", channel.resource_id);
    object.text("resourceUri", channel.resource_uri);
    object.text_unless_empty("token", channel.token);
    object.text("expiration", std::to_string(channel.expiration_ms));
  }
  return body;
}

Response open_channel(ApiCall& call, std::string calendar_id) {
  PushBoard& push = call.provider.push;
  const ChannelPtr channel = push.channels.add(read_channel(call, std::move(calendar_id)));
  push.notify(channel, "sync");
  Response response = json_response(200, answer_of(*channel));
  if (call.provider.settings.push_sync_before_answer)
    response.wait =
        Wait{[channel] { return channel->sync_tried; }, [body = response.body](bool) { return body; }, sync_wait_ms};
  return response;
}

bool watchable(const Settings& settings, std::string_view calendar_id) {
  return std::ranges::none_of(words(settings.push_unsupported),
                              [&](const std::string& part) { return calendar_id.find(part) != calendar_id.npos; });
}

}  // namespace

Response watch_events(ApiCall& call) {
  const Calendar& calendar = *accessible_entry(call).calendar;
  if (!watchable(call.provider.settings, calendar.id))
    throw ApiError{400, "calendar", "pushNotSupportedForRequestedResource",
                   "Push notifications are not supported by this resource."};
  return open_channel(call, calendar.id);
}

Response watch_calendar_list(ApiCall& call) { return open_channel(call, ""); }

Response stop_channel(ApiCall& call) {
  const Json body = body_of(call.request);
  const std::string_view id = string_member(body, "id"), resource_id = string_member(body, "resourceId");
  if (id.empty()) throw missing_field("Missing channel id.");
  if (resource_id.empty()) throw missing_field("Missing resource id.");
  PushBoard& push = call.provider.push;
  const ChannelPtr channel = push.channels.find(id);
  const bool foreign = channel && channel->account != call.account.email;
  if (foreign && call.provider.settings.push_stop_foreign == "403")
    throw ApiError{403, "global", "forbidden", "Forbidden"};
  if (!channel || foreign || !channel->open() || channel->resource_id != resource_id)
    throw ApiError{404, "global", "notFound", fmt::format("Channel '{}' not found for project '123456789012'", id)};
  push.stop(*channel);
  return json_response(204, "");
}

}  // namespace calsync::emulator
