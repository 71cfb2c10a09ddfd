// SPDX-License-Identifier: Apache-2.0
// Subscriptions to changes of events (subscription resource type).
#pragma once

#include <memory>

#include "mailbox.hpp"

namespace calsync::emulator::microsoft {

struct Subscription {
  std::string id, resource, change_type, notification_url, lifecycle_url, client_state, application_id;
  std::string tls = "v1_2";
  Mailbox* user = nullptr;
  Folder* folder = nullptr;  // null: the default calendar of the mailbox
  bool immutable = false;    // ids as the request that made it preferred them
  std::int64_t created_ms = 0, expires_ms = 0;
  std::int64_t ends_ms = 0;  // as kept; tests make it earlier
  bool killed = false;       // looks alive, says nothing
  bool paused = false;       // waits for a reauthorization
  bool confirmed = true;     // its addresses were validated
  std::uint64_t changes_unsent = 0;

  bool alive() const;
  bool wants(ChangeKind kind) const;
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

std::string_view change_name(ChangeKind kind);
std::string subscription_state_json(const Subscription& subscription);  // for the control plane

class SubscriptionStore {
 public:
  SubscriptionPtr add(Subscription made);
  SubscriptionPtr find(std::string_view id) const;  // null when it is over
  void remove(std::string_view id) { rows_.erase(std::string(id)); }
  std::vector<SubscriptionPtr> of(const Mailbox& user) const;  // alive ones, in the order of their making
  std::vector<SubscriptionPtr> watching(const Folder& folder) const;
  const std::map<std::string, SubscriptionPtr>& all() const { return rows_; }
  void forget(const Mailbox& user);
  void clear() { rows_.clear(); }

 private:
  std::map<std::string, SubscriptionPtr> rows_;
};

}  // namespace calsync::emulator::microsoft
