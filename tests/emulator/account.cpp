// SPDX-License-Identifier: Apache-2.0
#include "account.hpp"

#include <array>

#include "digest.hpp"

namespace calsync::emulator {
namespace {

constexpr std::array<std::string_view, 5> role_names{"freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer",
                                                     "owner"};

// A 21 digit number, as Google's are, and the same after a restart.
std::string subject_of(std::string_view email) {
  const std::string digest = sha256(email);
  std::string digits = "1";
  for (std::size_t i = 0; i < 20; ++i) digits += static_cast<char>('0' + static_cast<unsigned char>(digest[i]) % 10);
  return digits;
}

}  // namespace

std::string_view role_name(AccessRole role) { return role_names[static_cast<std::size_t>(role)]; }

std::optional<AccessRole> role_from_name(std::string_view name) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == name) return static_cast<AccessRole>(i);
  return std::nullopt;
}

Account::Account(std::string address, std::string display_name)
    : email(std::move(address)),
      sub(subject_of(email)),
      name(std::move(display_name)),
      list_token_epoch(new_token_epoch()) {}

CalendarListEntry& Account::add_entry(Calendar& calendar, AccessRole role) {
  CalendarListEntry* row = nullptr;
  if (const auto found = by_calendar_.find(calendar.id); found != by_calendar_.end()) {
    row = found->second;
    row->deleted = false;
  } else {
    row = entries_.emplace_back(std::make_unique<CalendarListEntry>()).get();
    row->calendar = &calendar;
    row->order = static_cast<std::int64_t>(entries_.size());
    row->token_epoch = new_token_epoch();
    by_calendar_.emplace(calendar.id, row);
  }
  row->role = role;
  touch(*row);
  return *row;
}

CalendarListEntry* Account::entry(std::string_view calendar_id) {
  const auto found = by_calendar_.find(calendar_id == "primary" ? std::string_view(email) : calendar_id);
  return found == by_calendar_.end() ? nullptr : found->second;
}

void Account::touch(CalendarListEntry& row) {
  row.change = ++last_change_;
  row.etag = next_etag();
  if (marks) marks->lists.emplace(email);
}

}  // namespace calsync::emulator
