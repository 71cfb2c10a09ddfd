// SPDX-License-Identifier: Apache-2.0
// /control/microsoft/subscriptions and notifications
#include <fmt/format.h>

#include <algorithm>

#include "graph_control.hpp"
#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

SubscriptionPtr named(const ControlCall& call, const std::string& id) {
  const auto& all = call.provider.microsoft.subscriptions.all();
  const auto found = all.find(id);
  if (found == all.end()) throw control_fault(404, "no such subscription");
  return found->second;
}

// reauthorizationRequired pauses, subscriptionRemoved removes, missed only says so.
Response lifecycle(ControlCall& call, const SubscriptionPtr& row) {
  const std::string event = call.required("event");
  if (event != "reauthorizationRequired" && event != "subscriptionRemoved" && event != "missed")
    throw control_fault(400, "no lifecycle event: " + event);
  if (event == "reauthorizationRequired") row->paused = bool_member(call.body, "pause", true);
  if (event == "subscriptionRemoved") call.provider.microsoft.subscriptions.remove(row->id);
  if (bool_member(call.body, "say", true)) call.provider.microsoft.desk.lifecycle(row, event);
  return json_response(200, subscription_state_json(*row));
}

Response one_subscription(ControlCall& call) {
  const SubscriptionPtr row = named(call, call.path[0]);
  const std::string order = call.path.size() > 1 ? call.path[1] : "";
  if (call.request.method == "POST" && order == "kill") row->killed = true;
  if (call.request.method == "POST" && order == "lifecycle") return lifecycle(call, row);
  if (call.request.method == "PATCH") {
    const auto rest = int_member(call.body, "lifetime_ms");
    if (!rest) throw control_fault(400, "missing: lifetime_ms");
    row->ends_ms = std::min(row->ends_ms, now_ms() + std::max<std::int64_t>(0, *rest));
  }
  return json_response(200, subscription_state_json(*row));
}

}  // namespace

Response control_subscriptions(ControlCall& call) {
  if (!call.path.empty()) return one_subscription(call);
  std::string rows;
  std::size_t count = 0;
  for (const auto& [id, row] : call.provider.microsoft.subscriptions.all()) {
    if (!call.text("email").empty() && call.text("email") != row->user->email) continue;
    if (call.request.query.get("open") == "true" && !row->alive()) continue;
    if (count++ > 0) rows += ',';
    rows += subscription_state_json(*row);
  }
  return json_response(200, fmt::format(R"({{"count":{},"subscriptions":[{}]}})", count, rows));
}

// Forged or repeated ones: {"address"?,"items":[…]} posts the items as they are; {"subscription_ids":[…],"changes"?}
// posts one item for each, in one message, whoever they belong to.
Response control_notifications(ControlCall& call) {
  NotificationDesk& desk = call.provider.microsoft.desk;
  if (call.request.method == "GET") return json_response(200, R"({"endpoints":)" + desk.health_json() + "}");
  std::vector<NotificationItem> items;
  std::string address(call.text("address"));
  if (const JsonValue* list = member(call.body, "items"); list && list->IsArray())
    for (const JsonValue& each : list->GetArray()) items.push_back({nullptr, json_text(each), "forged"});
  if (const JsonValue* list = member(call.body, "subscription_ids"); list && list->IsArray())
    for (const JsonValue& each : list->GetArray()) {
      const SubscriptionPtr row = named(call, each.IsString() ? each.GetString() : "");
      Folder& folder = row->folder ? *row->folder : *row->user->default_folder();
      Item nobody;
      nobody.key = "changed!";
      const auto living = folder.living();
      items.push_back(desk.item_for(row, ChangeKind::updated, folder, living.empty() ? nobody : *living.back()));
      if (const std::string_view state = call.text("client_state"); !state.empty()) {
        Json json;
        parse_json(items.back().json, json);
        set_member(json, "clientState", json_string(state, json), json);
        items.back().json = json_text(json);
      }
      if (address.empty()) address = row->notification_url;
    }
  if (address.empty() || items.empty()) throw control_fault(400, "missing: items with an address, or subscription_ids");
  const std::int64_t count = std::clamp<std::int64_t>(int_member(call.body, "count").value_or(1), 1, 100000);
  for (std::int64_t i = 0; i < count; ++i) desk.send(address, items, int_member(call.body, "delay_ms").value_or(0));
  return json_response(200, fmt::format(R"({{"queued":{},"last":{}}})", count, call.provider.push.log.last()));
}

}  // namespace calsync::emulator::microsoft
