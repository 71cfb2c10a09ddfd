// SPDX-License-Identifier: Apache-2.0
#include "notification_desk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph_id.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"
#include "tests/emulator/push_address.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::int64_t usual_hold_ms = 2000, health_window_ms = 600000, penalty_ms = 600000;
constexpr std::int64_t validation_limit_ms = 10000;
constexpr std::size_t most_items = 100;

// What the shared board of faults compares.
Channel fault_key(const Subscription& subscription) {
  Channel key;
  key.id = subscription.id;
  key.account = subscription.user->email;
  if (subscription.folder) key.calendar_id = subscription.folder->id;
  return key;
}

std::string instant(std::int64_t milliseconds) { return rfc3339_ms(milliseconds).substr(0, 19) + ".0000000+00:00"; }

void append_head(ObjectWriter& object, const Subscription& subscription) {
  object.text("subscriptionId", subscription.id);
  object.text("subscriptionExpirationDateTime", instant(subscription.expires_ms));
  if (!subscription.client_state.empty()) object.text("clientState", subscription.client_state);
  object.text("tenantId", subscription.user->personal ? "" : subscription.user->tenant);
}

std::string with_token(const std::string& address, const std::string& token) {
  // As a form is encoded, blanks are plus signs.
  std::string encoded;
  for (const std::string_view part : split(token, ' ')) {
    if (!encoded.empty()) encoded += '+';
    encoded += percent_encode(part);
  }
  return address + (address.find('?') == address.npos ? '?' : '&') + "validationToken=" + encoded;
}

}  // namespace

NotificationItem NotificationDesk::item_for(const SubscriptionPtr& subscription, ChangeKind kind, Folder& folder,
                                            const Item& item) {
  NotificationItem row{subscription, {}, std::string(change_name(kind))};
  const std::string id = item_id(folder, item, subscription->immutable);
  const std::string resource = "Users/" + folder.mailbox.id + "/Events/" + id;
  {
    ObjectWriter object(row.json);
    append_head(object, *subscription);
    object.text("changeType", row.state);
    object.text("resource", resource);
    ObjectWriter data(object.key("resourceData"));
    data.text("@odata.type", "#Microsoft.Graph.Event");
    data.text("@odata.id", resource);
    data.text("@odata.etag", "W/\"" + change_key_text(folder.mailbox, item.change_key) + "\"");
    data.text("id", id);
  }
  return row;
}

void NotificationDesk::announce(const Mark& mark) {
  for (const SubscriptionPtr& subscription : subscriptions_.watching(*mark.folder)) {
    // One change is rarely said once.
    const std::int64_t echoes = mark.kind == ChangeKind::deleted ? 0 : settings_.microsoft.graph_notification_echoes;
    for (std::int64_t i = 0; i <= echoes; ++i) {
      const ChangeKind kind = i == 0 ? mark.kind : ChangeKind::updated;
      if (!subscription->wants(kind)) continue;
      if (subscription->killed || subscription->paused) {
        ++subscription->changes_unsent;
        continue;
      }
      NotificationItem item = item_for(subscription, kind, *mark.folder, *mark.item);
      if (const PushFault* fault = push_.faults.hit(fault_key(*subscription), item.state))
        distort(*fault, std::move(item), settings_.push_delay_ms);
      else
        deliver(std::move(item), settings_.push_delay_ms);
    }
  }
}

void NotificationDesk::lifecycle(const SubscriptionPtr& subscription, std::string_view event, std::int64_t delay_ms) {
  if (subscription->lifecycle_url.empty()) return;
  NotificationItem item{subscription, {}, std::string(event)};
  {
    ObjectWriter object(item.json);
    append_head(object, *subscription);
    object.text("lifecycleEvent", event);
  }
  send(subscription->lifecycle_url, {std::move(item)}, delay_ms);
}

void NotificationDesk::send(const std::string& address, std::vector<NotificationItem> items, std::int64_t delay_ms) {
  PushMessage message;
  message.owner = this;
  message.ticket = ++last_ticket_;
  message.address = address;
  message.state = items.empty() ? "" : items.front().state;
  message.about = items.empty() || !items.front().subscription ? "" : items.front().subscription->id;
  message.agent = "Microsoft.Graph.Notifications";
  message.content_type = "application/json; charset=utf-8";
  envelopes_[message.ticket] = {std::move(items), 0, false};
  push_.queue(std::move(message), delay_ms);
}

void NotificationDesk::deliver(NotificationItem item, std::int64_t delay_ms) {
  const std::string address = item.subscription->notification_url;
  const Health& health = health_of(address);
  if (now_ms() < health.dropped_until_ms) {
    push_.drop(item.subscription->id, address, item.state, "dropped");
    return;
  }
  if (now_ms() < health.delayed_until_ms) delay_ms += penalty_ms;
  const std::int64_t wait = settings_.microsoft.graph_notification_batch_ms;
  if (wait > 0) {
    // Whoever has the same address shares the POST: other users and tenants too.
    for (auto& [ticket, envelope] : envelopes_) {
      if (!envelope.open || envelope.items.size() >= most_items ||
          envelope.items.front().subscription->notification_url != address)
        continue;
      envelope.items.push_back(std::move(item));
      return;
    }
  }
  send(address, {std::move(item)}, delay_ms + wait);
  envelopes_[last_ticket_].open = wait > 0;
}

void NotificationDesk::distort(const PushFault& fault, NotificationItem item, std::int64_t delay_ms) {
  if (fault.kind == "lost") {
    push_.drop(item.subscription->id, item.subscription->notification_url, item.state, "fault_lost");
    return;
  }
  if (fault.kind == "reordered") return deliver(std::move(item), fault.delay_ms > 0 ? fault.delay_ms : usual_hold_ms);
  const std::int64_t copies = fault.kind == "delayed" ? 1 : fault.count;
  for (std::int64_t i = 0; i < copies; ++i) deliver(item, delay_ms + fault.delay_ms);
}

void NotificationDesk::validate(const std::string& address, const std::string& token,
                                std::function<void(const PushAnswer&)> done) {
  PushMessage message;
  message.owner = this;
  message.ticket = ++last_ticket_;
  message.address = with_token(address, token);
  message.state = "validation";
  message.content_type = "text/plain; charset=utf-8";
  message.agent = "Microsoft.Graph.Notifications";
  message.timeout_ms = validation_limit_ms;
  validations_.emplace(message.ticket, std::move(done));
  push_.queue(std::move(message), 0);
}

std::string_view NotificationDesk::prepare(PushMessage& message) {
  if (validations_.contains(message.ticket)) return {};
  const auto found = envelopes_.find(message.ticket);
  if (found == envelopes_.end()) return "gone";
  Envelope& envelope = found->second;
  envelope.open = false;
  if (envelope.first_tried_ms == 0) envelope.first_tried_ms = now_ms();
  message.body = R"({"value":[)";
  for (std::size_t i = 0; i < envelope.items.size(); ++i) {
    if (i > 0) message.body += ',';
    message.body += envelope.items[i].json;
  }
  message.body += "]}";
  return {};
}

void NotificationDesk::answered(PushMessage message, const PushAnswer& answer) {
  if (const auto validation = validations_.find(message.ticket); validation != validations_.end()) {
    const auto done = std::move(validation->second);
    validations_.erase(validation);
    done(answer);
    push_.settle(message, answer, answer.status == 200 ? "delivered" : "lost");
    return;
  }
  const auto found = envelopes_.find(message.ticket);
  if (found == envelopes_.end()) return;
  judge(message.address, steady_ms() - message.sent_ms);
  const bool taken = answer.status >= 200 && answer.status < 300;
  const bool again =
      !taken && now_ms() - found->second.first_tried_ms < settings_.microsoft.graph_notification_give_up_ms;
  push_.settle(message, answer, taken ? "delivered" : again ? "retrying" : "lost");
  if (!again) {
    envelopes_.erase(found);
    return;
  }
  push_.queue(std::move(message), settings_.microsoft.graph_notification_retry_ms << std::min(message.attempt - 1, 12));
}

NotificationDesk::Health& NotificationDesk::health_of(std::string_view address) {
  const auto parsed = parse_address(address);
  return health_[parsed ? parsed->authority : std::string(address)];
}

// Two versions of the page on webhooks: over 2.9 s is slow, or over 3 s (delay) and 10 s (drop).
void NotificationDesk::judge(const std::string& address, std::int64_t took_ms) {
  const Switches& switches = settings_.microsoft;
  if (switches.graph_endpoint_health == "off") return;
  const bool older = switches.graph_endpoint_health == "older";
  Health& health = health_of(address);
  if (now_ms() - health.window_ms >= health_window_ms) {
    health.window_ms = now_ms();
    health.answers = health.slow = health.very_slow = 0;
  }
  ++health.answers;
  if (took_ms > (older ? 2900 : switches.graph_slow_ms)) ++health.slow;
  if (took_ms > (older ? 2900 : switches.graph_very_slow_ms)) ++health.very_slow;
  if (health.answers < switches.graph_health_answers) return;
  if (health.slow * 10 >= health.answers) health.delayed_until_ms = now_ms() + penalty_ms;
  if (health.very_slow * 100 >= health.answers * 15) health.dropped_until_ms = now_ms() + penalty_ms;
}

std::string NotificationDesk::health_json() const {
  std::string rows;
  for (const auto& [host, health] : health_) {
    if (!rows.empty()) rows += ',';
    ObjectWriter row(rows);
    row.text("host", host);
    row.number("answers", health.answers);
    row.number("slow", health.slow);
    row.number("very_slow", health.very_slow);
    row.boolean("delayed", now_ms() < health.delayed_until_ms);
    row.boolean("dropped", now_ms() < health.dropped_until_ms);
  }
  return "[" + rows + "]";
}

void NotificationDesk::clear() {
  envelopes_.clear();
  validations_.clear();
  health_.clear();
}

}  // namespace calsync::emulator::microsoft
