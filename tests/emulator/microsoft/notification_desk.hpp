// SPDX-License-Identifier: Apache-2.0
// From changes to notifications: which subscriptions hear of them, which items go in one POST, and what a slow or
// failing receiver does to what follows ("Receive change notifications through webhooks").
#pragma once

#include "subscription.hpp"
#include "tests/emulator/push_board.hpp"

namespace calsync::emulator::microsoft {

struct NotificationItem {
  SubscriptionPtr subscription;
  std::string json, state;  // state: created, updated, deleted or the lifecycle event
};

// One POST that waits or is under way.
struct Envelope {
  std::vector<NotificationItem> items;
  std::int64_t first_tried_ms = 0;
  bool open = false;  // further items may join
};

class NotificationDesk : public PushOwner {
 public:
  NotificationDesk(const Settings& settings, PushBoard& push, SubscriptionStore& subscriptions)
      : settings_(settings), push_(push), subscriptions_(subscriptions) {}

  void announce(const Mark& mark);
  void lifecycle(const SubscriptionPtr& subscription, std::string_view event, std::int64_t delay_ms = 0);
  // Posts these items whatever the state of their subscriptions.
  void send(const std::string& address, std::vector<NotificationItem> items, std::int64_t delay_ms);
  NotificationItem item_for(const SubscriptionPtr& subscription, ChangeKind kind, Folder& folder, const Item& item);
  // Posts a token to an address; `done` hears what came back.
  void validate(const std::string& address, const std::string& token, std::function<void(const PushAnswer&)> done);
  void clear();
  std::string health_json() const;

  std::string_view prepare(PushMessage& message) override;
  void answered(PushMessage message, const PushAnswer& answer) override;

 private:
  struct Health {  // of an address's host, in one window of ten minutes
    std::int64_t window_ms = 0, answers = 0, slow = 0, very_slow = 0;
    std::int64_t delayed_until_ms = 0, dropped_until_ms = 0;
  };

  void deliver(NotificationItem item, std::int64_t delay_ms);
  void distort(const PushFault& fault, NotificationItem item, std::int64_t delay_ms);
  void judge(const std::string& address, std::int64_t took_ms);
  Health& health_of(std::string_view address);

  const Settings& settings_;
  PushBoard& push_;
  SubscriptionStore& subscriptions_;
  std::map<std::uint64_t, Envelope> envelopes_;
  std::map<std::uint64_t, std::function<void(const PushAnswer&)>> validations_;
  std::map<std::string, Health> health_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace calsync::emulator::microsoft
