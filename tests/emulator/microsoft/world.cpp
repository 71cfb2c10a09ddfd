// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include "tests/emulator/clock.hpp"
#include "tests/emulator/digest.hpp"

namespace calsync::emulator::microsoft {

Mailbox* World::find(std::string_view name) {
  if (const auto found = users_.find(name); found != users_.end()) return found->second.get();
  for (const auto& [email, user] : users_)
    if (user->id == name || user->oid == name || equal_ignoring_case(email, name)) return user.get();
  return nullptr;
}

Mailbox* World::add(const std::string& email, const std::string& name, std::string_view tenant, bool personal) {
  const auto [row, added] = users_.try_emplace(email);
  if (!added) return nullptr;
  std::string tenant_id(personal ? consumers_tenant : tenant);
  if (tenant_id.empty()) tenant_id = guid_of(sha256("tenant\n" + email.substr(email.find('@') + 1)));
  row->second = std::make_unique<Mailbox>(email, name, tenant_id, personal, marks);
  row->second->add_folder("Calendar");
  return row->second.get();
}

bool World::remove(std::string_view email) {
  const auto found = users_.find(email);
  if (found == users_.end()) return false;
  Mailbox& gone = *found->second;
  tokens.forget(gone);
  subscriptions.forget(gone);
  std::erase_if(marks, [&](const Mark& mark) { return &mark.folder->mailbox == &gone; });
  for (const auto& [address, user] : users_)
    std::erase_if(user->listings, [&](const Listing& row) { return &row.folder->mailbox == &gone; });
  users_.erase(found);
  return true;
}

void World::announce() {
  for (const auto& [email, user] : users_) {
    if (user->due_touches.empty()) continue;
    std::erase_if(user->due_touches, [&](const auto& due) {
      if (due.first > now_ms()) return false;
      if (Item* item = user->find(due.second); item && !item->deleted) user->touch(*item);
      return true;
    });
  }
  if (marks.empty()) return;
  const std::vector<Mark> changed = std::exchange(marks, {});
  for (const Mark& mark : changed) desk.announce(mark);
}

void World::clear() {
  marks.clear();
  mails.clear();
  desk.clear();
  subscriptions.clear();
  tokens.clear();
  users_.clear();
}

}  // namespace calsync::emulator::microsoft
