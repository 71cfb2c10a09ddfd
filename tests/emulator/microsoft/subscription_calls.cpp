// SPDX-License-Identifier: Apache-2.0
// /subscriptions ("Create subscription", "Update subscription", "Delete subscription", "subscription: reauthorize").
#include <fmt/format.h>

#include <algorithm>

#include "graph_event_json.hpp"
#include "subscription_input.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::int64_t validation_wait_ms = 12000;

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
  if (member(body, "lifecycleNotificationUrl"))
    throw bad_request("InvalidRequest", "The lifecycleNotificationUrl cannot be changed.");
  if (member(body, "expirationDateTime")) row->expires_ms = row->ends_ms = read_expiration(call, body);
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
