// SPDX-License-Identifier: Apache-2.0
#include "subscription_input.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/push_address.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::int64_t least_minutes = 45;
constexpr std::size_t longest_client_state = 128;

GraphError invalid(std::string message) { return bad_request("InvalidRequest", std::move(message)); }

void check_address(const GraphCall& call, std::string_view name, std::string_view text) {
  const auto address = parse_address(text);
  const bool allowed = address && (address->secure || (call.provider.settings.push_allow_http && address->loopback()));
  if (!allowed) throw invalid(fmt::format("The {} must be an https URL: {}", name, text));
}

// me/events, users/{id}/events, me/calendars/{id}/events, with or without the first slash.
Folder* watched_folder(const GraphCall& call, std::string_view resource) {
  if (resource.starts_with('/')) resource.remove_prefix(1);
  std::vector<std::string> path;
  for (const std::string_view part : split(resource, '/')) path.push_back(percent_decode(part, false));
  std::size_t at = 1;
  if (!path.empty() && equal_ignoring_case(path[0], "users") && path.size() > 1) {
    if (call.world().find(path[1]) != &call.user)
      throw GraphError{403, "ExtensionError",
                       "Operation: Create; Exception: [Status Code: Forbidden; Reason: Forbidden]"};
    at = 2;
  } else if (path.empty() || !equal_ignoring_case(path[0], "me")) {
    throw invalid(fmt::format("The resource '{}' is not supported.", resource));
  }
  if (path.size() == at + 1 && equal_ignoring_case(path[at], "events")) return nullptr;
  if (path.size() == at + 3 && equal_ignoring_case(path[at], "calendars") &&
      equal_ignoring_case(path[at + 2], "events")) {
    const Listing* row = call.user.listing(path[at + 1]);
    if (!row)
      throw GraphError{404, "ExtensionError",
                       "Operation: Create; Exception: [Status Code: NotFound; Reason: Not Found]"};
    if (&row->folder->mailbox != &call.user)
      throw GraphError{403, "ExtensionError",
                       "Operation: Create; Exception: [Status Code: Forbidden; Reason: Forbidden]"};
    return row->folder;
  }
  throw invalid(fmt::format("The resource '{}' is not supported.", resource));
}

std::string change_types(std::string_view text) {
  std::string wanted;
  for (const std::string_view part : split(text, ',')) {
    const std::string name = lower(trim(part));
    if (name != "created" && name != "updated" && name != "deleted")
      throw invalid(fmt::format("The changeType '{}' is not supported.", text));
    if (!wanted.empty()) wanted += ',';
    wanted += name;
  }
  return wanted;
}

}  // namespace

std::int64_t read_expiration(const GraphCall& call, const JsonValue& body) {
  const auto parsed = parse_rfc3339(string_member(body, "expirationDateTime"));
  if (!parsed) throw invalid("The expirationDateTime is missing or no time.");
  const std::int64_t wanted = (parsed->local_seconds - parsed->utc_offset.value_or(0)) * 1000 + parsed->milliseconds;
  const std::int64_t minutes = call.switches().graph_subscription_minutes;
  if (wanted > now_ms() + minutes * 60000)
    throw invalid(fmt::format("Subscription expiration can only be {} minutes in the future.", minutes));
  if (wanted <= now_ms()) throw invalid("The expirationDateTime lies in the past.");
  return std::max(wanted, now_ms() + least_minutes * 60000);
}

Subscription read_subscription(const GraphCall& call) {
  const Json body = graph_body(call.request);
  Subscription made;
  made.resource = string_member(body, "resource");
  made.change_type = change_types(string_member(body, "changeType"));
  made.notification_url = string_member(body, "notificationUrl");
  made.lifecycle_url = string_member(body, "lifecycleNotificationUrl");
  made.client_state = string_member(body, "clientState");
  made.tls = string_member(body, "latestSupportedTlsVersion", "v1_2");
  made.application_id = call.provider.client.id;
  made.user = &call.user;
  made.immutable = call.preferences.immutable_ids;
  if (made.client_state.size() > longest_client_state) throw invalid("The clientState is longer than 128 characters.");
  check_address(call, "notificationUrl", made.notification_url);
  if (!made.lifecycle_url.empty()) check_address(call, "lifecycleNotificationUrl", made.lifecycle_url);
  if (bool_member(body, "includeResourceData", false))
    throw invalid("includeResourceData needs an encryption certificate, which is not supported here.");
  made.folder = watched_folder(call, made.resource);
  made.created_ms = now_ms();
  made.expires_ms = made.ends_ms = read_expiration(call, body);
  made.id = random_guid();
  return made;
}

}  // namespace calsync::emulator::microsoft
