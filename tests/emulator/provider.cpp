// SPDX-License-Identifier: Apache-2.0
#include "provider.hpp"

#include "clock.hpp"

namespace calsync::emulator {

Account* Provider::find_account(std::string_view email) {
  if (const auto found = accounts_.find(email); found != accounts_.end()) return found->second.get();
  const auto found = by_sub_.find(email);
  return found == by_sub_.end() ? nullptr : found->second;
}

Account* Provider::add_account(const std::string& email, const std::string& name) {
  const auto [row, added] = accounts_.try_emplace(email);
  if (!added) return nullptr;
  row->second = std::make_unique<Account>(email, name);
  row->second->marks = &push.marks;
  by_sub_.emplace(row->second->sub, row->second.get());
  return row->second.get();
}

bool Provider::remove_account(std::string_view email) {
  const auto found = accounts_.find(email);
  if (found == accounts_.end()) return false;
  tokens.drop_all_of(found->second.get());
  by_sub_.erase(found->second->sub);
  // Its calendars disappear from the lists of the accounts they were shared with.
  std::vector<std::string> owned;
  for (const auto& [id, calendar] : calendars_)
    if (calendar->data_owner == email) owned.push_back(id);
  for (const std::string& id : owned) unlist(id);
  push.marks.lists.emplace(found->first);
  accounts_.erase(found);
  return true;
}

std::vector<Account*> Provider::accounts_by_email() const {
  std::vector<Account*> sorted;
  for (const auto& [email, account] : accounts_) sorted.push_back(account.get());
  return sorted;
}

Calendar* Provider::find_calendar(std::string_view id) {
  const auto found = calendars_.find(id);
  return found == calendars_.end() ? nullptr : found->second.get();
}

Calendar& Provider::add_calendar(const std::string& id, const std::string& summary, const Zone* zone,
                                 const std::string& owner) {
  const auto [row, added] = calendars_.try_emplace(id);
  if (added) row->second = std::make_unique<Calendar>(id, summary, zone, owner);
  Calendar& calendar = *row->second;
  calendar.marks = &push.marks;
  calendar.kept_versions = &settings.kept_versions;
  if (calendar.removed) {  // the same id means a new calendar
    calendar.clear();
    calendar.summary = summary;
    calendar.zone = zone;
    calendar.data_owner = owner;
    calendar.removed = false;
  }
  return calendar;
}

void Provider::unlist(std::string_view calendar_id) {
  for (const auto& [email, account] : accounts_) {
    CalendarListEntry* entry = account->entry(calendar_id);
    if (!entry || entry->deleted) continue;
    entry->deleted = true;
    entry->token_epoch = new_token_epoch();
    account->touch(*entry);
  }
}

void Provider::remove_calendar(Calendar& calendar) {
  calendar.removed = true;
  unlist(calendar.id);
}

Calendar& Provider::add_primary(Account& account, const Zone* zone) {
  Calendar& calendar = add_calendar(account.email, account.email, zone, account.email);
  // An account that was removed and comes back starts with an empty calendar.
  if (!calendar.events().empty()) calendar.clear();
  calendar.primary = true;
  account.add_entry(calendar, AccessRole::owner);
  return calendar;
}

void Provider::reset() {
  tokens.clear();
  faults = FaultBoard();
  calls.clear();
  feeds.clear();
  push.clear();
  microsoft.clear();
  settings = Settings();
  accounts_.clear();
  by_sub_.clear();
  calendars_.clear();
  reset_clock();
}

}  // namespace calsync::emulator
