// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "calendar.hpp"

namespace calsync::emulator {

enum class AccessRole : std::uint8_t { free_busy_reader, reader, writer_without_private_access, writer, owner };
std::string_view role_name(AccessRole role);
std::optional<AccessRole> role_from_name(std::string_view name);

// What one account sees of one calendar: a row of its calendar list.
struct CalendarListEntry {
  Calendar* calendar = nullptr;
  AccessRole role = AccessRole::owner;
  std::string summary_override, color_id = "14", background_color, foreground_color;
  bool hidden = false, selected = true, deleted = false;
  std::uint64_t etag = 0;
  std::uint64_t change = 0;       // position in the list's order of changes
  std::uint64_t token_epoch = 0;  // sync tokens of another epoch have expired
  std::int64_t order = 0;
};

class Account {
 public:
  Account(std::string email, std::string name);

  const std::string email, sub;
  std::string name;
  std::set<std::string> granted_scopes;  // granted to the project earlier: the consent page is not shown again
  std::uint64_t list_token_epoch;
  bool not_a_calendar_user = false;
  ResourceMarks* marks = nullptr;  // told of every change of the list

  CalendarListEntry& add_entry(Calendar& calendar, AccessRole role);
  CalendarListEntry* entry(std::string_view calendar_id);  // "primary" is the calendar whose id is the e-mail address
  void touch(CalendarListEntry& entry);
  const std::vector<std::unique_ptr<CalendarListEntry>>& entries() const { return entries_; }
  std::uint64_t last_change() const { return last_change_; }

 private:
  std::vector<std::unique_ptr<CalendarListEntry>> entries_;
  StringMap<CalendarListEntry*> by_calendar_;
  std::uint64_t last_change_ = 0;
};

}  // namespace calsync::emulator
