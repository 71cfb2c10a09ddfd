// SPDX-License-Identifier: Apache-2.0
#include "subscription.hpp"

#include <algorithm>
#include <array>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::emulator::microsoft {

std::string_view change_name(ChangeKind kind) {
  constexpr std::array<std::string_view, 3> names{"created", "updated", "deleted"};
  return names[static_cast<std::size_t>(kind)];
}

bool Subscription::alive() const { return now_ms() < ends_ms; }

bool Subscription::wants(ChangeKind kind) const {
  for (const std::string_view part : split(change_type, ','))
    if (trim(part) == change_name(kind)) return true;
  return false;
}

std::string subscription_state_json(const Subscription& subscription) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("id", subscription.id);
    object.text("account", subscription.user->email);
    object.text("calendar_id", subscription.folder ? subscription.folder->id : "");
    object.text("resource", subscription.resource);
    object.text("change_type", subscription.change_type);
    object.text("notification_url", subscription.notification_url);
    object.text_unless_empty("lifecycle_url", subscription.lifecycle_url);
    object.text("client_state", subscription.client_state);
    object.text("state", !subscription.alive() ? "expired" : subscription.paused ? "paused" : "open");
    object.boolean("killed", subscription.killed);
    object.boolean("immutable_ids", subscription.immutable);
    object.number("created_ms", subscription.created_ms);
    object.number("expiration_ms", subscription.expires_ms);
    object.number("ends_ms", subscription.ends_ms);
    object.number("changes_unsent", static_cast<std::int64_t>(subscription.changes_unsent));
  }
  return out;
}

SubscriptionPtr SubscriptionStore::add(Subscription made) {
  auto row = std::make_shared<Subscription>(std::move(made));
  rows_.emplace(row->id, row);
  return row;
}

SubscriptionPtr SubscriptionStore::find(std::string_view id) const {
  const auto found = rows_.find(std::string(id));
  return found == rows_.end() || !found->second->alive() ? nullptr : found->second;
}

std::vector<SubscriptionPtr> SubscriptionStore::of(const Mailbox& user) const {
  std::vector<SubscriptionPtr> found;
  for (const auto& [id, row] : rows_)
    if (row->user == &user && row->alive() && row->confirmed) found.push_back(row);
  std::ranges::stable_sort(found, {}, [](const SubscriptionPtr& row) { return row->created_ms; });
  return found;
}

std::vector<SubscriptionPtr> SubscriptionStore::watching(const Folder& folder) const {
  std::vector<SubscriptionPtr> found;
  for (const auto& [id, row] : rows_) {
    if (!row->alive() || !row->confirmed) continue;
    // me/events hears of the default calendar alone, although its documentation does not say so.
    const bool watched = row->folder ? row->folder == &folder : folder.standard && row->user == &folder.mailbox;
    if (watched) found.push_back(row);
  }
  return found;
}

void SubscriptionStore::forget(const Mailbox& user) {
  std::erase_if(rows_, [&](const auto& row) {
    return row.second->user == &user || (row.second->folder && &row.second->folder->mailbox == &user);
  });
}

}  // namespace calsync::emulator::microsoft
