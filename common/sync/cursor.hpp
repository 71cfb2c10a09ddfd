// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace calsync::sync {

/// The incremental position of one calendar.
struct CalendarPosition {
  std::string token{};            ///< opaque; "" = the next read is a full one
  std::int64_t full_read_at = 0;  ///< seconds since the epoch of the last full read
  int expirations = 0;            ///< times in a row that the token was refused soon after it was given
};

/// What `sync_cursor` holds: the position of the account's calendar list and of each of its calendars.
struct Cursor {
  std::string calendar_list{};
  std::int64_t listed_at = 0;  ///< seconds since the epoch of the last read of the calendar list
  std::map<std::string, CalendarPosition> calendars{};
};

/// NULL, "" and anything unreadable mean: start with a full sync.
Cursor parse_cursor(std::string_view text);
std::string dump_cursor(const Cursor& cursor);

/// Some calendars (public holidays) refuse tokens that are minutes old. After three such refusals in a row a calendar
/// is read in full at most every six hours instead of at each poll, so that it cannot start a storm of full reads.
bool resting(const CalendarPosition& position, std::int64_t now_seconds);

}  // namespace calsync::sync
