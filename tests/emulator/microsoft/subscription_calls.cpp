// SPDX-License-Identifier: Apache-2.0
// /subscriptions ("Create subscription", "Update subscription", "Delete subscription", "subscription: reauthorize").
#include <fmt/format.h>

#include <algorithm>

#include "graph_event_json.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/push_address.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::int64_t least_minutes = 45, validation_wait_ms = 12000;
constexpr std::size_t longest_client_state = 128;

GraphError invalid(std::string message) { return bad_request("InvalidRequest", std::move(message)); }

void append_subscription(ObjectWriter& object, const GraphCall& call, const Subscription& row) {
  const auto text_or_null = [&](std::string_view name, const std::string& value) {
    if (value.empty())
      object.raw(name, "null");
    else
      object.text(name, value);
  };
  object.text("id", row.id);
  object.text("resource", row.resource);
  object.text("applicationId", row.application_id);
  object.text("changeType", row.change_type);
  const bool reads = call.request.method == "GET";
  text_or_null("clientState", reads && call.switches().graph_hide_client_state ? "" : row.client_state);
  object.text("notificationUrl", row.notification_url);
  object.raw("notificationQueryOptions", "null");
  text_or_null("lifecycleNotificationUrl", row.lifecycle_url);
  object.text("expirationDateTime", graph_instant(row.expires_ms));
  object.text("creatorId", row.user->oid);
  object.raw("includeResourceData", "null");
  object.text("latestSupportedTlsVersion", row.tls);
  object.raw("encryptionCertificate", "null");
  object.raw("encryptionCertificateId", "null");
  object.raw("notificationUrlAppId", "null");
}

std::string subscription_json(const GraphCall& call, const Subscription& row, bool alone = true) {
  std::string body;
  {
    ObjectWriter object(body);
    if (alone) object.text("@odata.context", call.root() + "/$metadata#subscriptions/$entity");
    append_subscription(object, call, row);
  }
  return body;
}

std::int64_t expiration_in(const GraphCall& call, const JsonValue& body) {
  const auto parsed = parse_rfc3339(string_member(body, "expirationDateTime"));
  if (!parsed) throw invalid("The expirationDateTime is missing or no time.");
  const std::int64_t wanted = (parsed->local_seconds - parsed->utc_offset.value_or(0)) * 1000 + parsed->milliseconds;
  const std::int64_t minutes = call.switches().graph_subscription_minutes;
  if (wanted > now_ms() + minutes * 60000)
    throw invalid(fmt::format("Subscription expiration can only be {} minutes in the future.", minutes));
  if (wanted <= now_ms()) throw invalid("The expirationDateTime lies in the past.");
  return std::max(wanted, now_ms() + least_minutes * 60000);
}

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
  made.expires_ms = made.ends_ms = expiration_in(call, body);
  made.id = random_guid();
  return made;
}

void check_others(const GraphCall& call, const Subscription& made) {
  const auto others = call.world().subscriptions.of(call.user);
  if (static_cast<std::int64_t>(others.size()) >= call.switches().graph_subscription_limit)
    throw GraphError{403, "ErrorExceededNotificationSubscriptionLimit", "The mailbox has too many subscriptions."};
  if (call.switches().graph_duplicate_subscription != "409") return;
  for (const SubscriptionPtr& other : others)
    if (other->resource == made.resource && other->change_type == made.change_type)
      throw GraphError{409, "Conflict",
                       fmt::format("Subscription Id {} already exists for the requested combination", other->id)};
}

// What became of the tokens that were posted while the call is open.
struct Handshake {
  std::size_t waiting = 0;
  std::string fault;
};

std::string handshake_fault(const PushAnswer& answer, const std::string& token) {
  if (answer.status == 0) return "Subscription validation request timed out or could not be made. " + answer.error;
  if (answer.status != 200)
    return fmt::format(
        "Subscription validation request failed. Notification endpoint must respond with 200 OK to "
        "validation request; it answered {}.",
        answer.status);
  const std::string_view type = trim(std::string_view(answer.content_type).substr(0, answer.content_type.find(';')));
  if (!equal_ignoring_case(type, "text/plain"))
    return "Subscription validation request failed. The content type of the answer must be text/plain.";
  return answer.body == token ? "" : "Subscription validation request failed. The answer must be the decoded token.";
}

}  // namespace

Response create_subscription(GraphCall& call) {
  Subscription made = read_subscription(call);
  check_others(call, made);
  const bool validates = call.switches().graph_validate_subscriptions;
  made.confirmed = !validates;
  const SubscriptionPtr row = call.world().subscriptions.add(std::move(made));
  const std::string body = subscription_json(call, *row);
  Response response = graph_json(201, body);
  response.header("Location", call.root() + "/subscriptions('" + row->id + "')");
  if (!validates) return response;
  const auto state = std::make_shared<Handshake>();
  World& world = call.world();
  const std::string token =
      "Validation: Testing client application reachability for subscription Request-Id: " + random_guid();
  std::vector<std::string> addresses{row->notification_url};
  if (!row->lifecycle_url.empty() && row->lifecycle_url != row->notification_url)
    addresses.push_back(row->lifecycle_url);
  state->waiting = addresses.size();
  for (const std::string& address : addresses)
    world.desk.validate(address, token, [state, token](const PushAnswer& answer) {
      --state->waiting;
      if (std::string fault = handshake_fault(answer, token); !fault.empty()) state->fault = std::move(fault);
    });
  response.wait = Wait{[state] { return state->waiting == 0 || !state->fault.empty(); },
                       [body](bool) { return body; },
                       validation_wait_ms,
                       {}};
  response.wait->finish = [state, row, &world, ids = ids_of(call.request)](Response& answer, bool timed_out) {
    if (!timed_out && state->fault.empty()) {
      row->confirmed = true;
      return;
    }
    world.subscriptions.remove(row->id);
    const std::string why = state->fault.empty() ? "Subscription validation request timed out." : state->fault;
    Response refusal = graph_error({400, "ValidationError", why}, ids);
    answer.status = refusal.status;
    answer.body = std::move(refusal.body);
    answer.content_type = std::move(refusal.content_type);
    answer.headers = std::move(refusal.headers);
  };
  return response;
}

Response list_subscriptions(GraphCall& call) {
  std::string values;
  for (const SubscriptionPtr& row : call.world().subscriptions.of(call.user)) {
    if (!values.empty()) values += ',';
    values += subscription_json(call, *row, false);
  }
  return graph_json(
      200, fmt::format(R"({{"@odata.context":"{}/$metadata#subscriptions","value":[{}]}})", call.root(), values));
}

namespace {

SubscriptionPtr own(GraphCall& call) {
  SubscriptionPtr row = call.world().subscriptions.find(call.event_id);
  if (!row || row->user != &call.user || !row->confirmed)
    throw GraphError{404, "ResourceNotFound", "The object was not found."};
  return row;
}

}  // namespace

Response get_subscription(GraphCall& call) { return graph_json(200, subscription_json(call, *own(call))); }

Response patch_subscription(GraphCall& call) {
  const SubscriptionPtr row = own(call);
  const Json body = graph_body(call.request);
  if (member(body, "lifecycleNotificationUrl")) throw invalid("The lifecycleNotificationUrl cannot be changed.");
  if (member(body, "expirationDateTime")) row->expires_ms = row->ends_ms = expiration_in(call, body);
  row->paused = false;  // renewing reauthorizes too
  return graph_json(200, subscription_json(call, *row));
}

Response delete_subscription(GraphCall& call) {
  const SubscriptionPtr row = own(call);
  Channel key;
  key.id = row->id;
  key.account = call.user.email;
  NotificationDesk& desk = call.world().desk;
  if (const PushFault* fault = call.provider.push.faults.hit(key, "stop")) {
    for (std::int64_t i = 0; i < fault->count; ++i) {
      Item nobody;
      nobody.key = "after it";
      desk.send(row->notification_url, {desk.item_for(row, ChangeKind::updated, *call.user.default_folder(), nobody)},
                fault->delay_ms);
    }
  }
  call.world().subscriptions.remove(row->id);
  return graph_json(204, "");
}

Response reauthorize_subscription(GraphCall& call) {
  own(call)->paused = false;
  return graph_json(204, "");
}

}  // namespace calsync::emulator::microsoft
