// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace calsync::simulation {

/// One live row of a mirror as text, field by field, in the columns of contract section 2. Absent and empty are the
/// same. Instants are RFC 3339 in UTC, dates YYYY-MM-DD, flags "true" or "false".
struct CanonicalRow {
  std::string external_event_id{}, ical_uid{}, title{}, description{}, location{}, organizer{};
  std::string attendees = "[]";  ///< canonical JSON
  std::string start_time{}, end_time{}, is_all_day = "false", start_date{}, end_date{}, time_zone{};
  std::string status{}, is_busy{}, visibility{};
  std::string recurrence{};  ///< lines, each with its line feed
  std::string recurring_event_id{}, original_start_time{}, etag{}, sequence = "0";
  std::string raw_payload{};  ///< canonical JSON
  std::string sync_status = "SYNCED", last_error{};

  bool operator==(const CanonicalRow&) const = default;
};

/// Name and value of each field, in a fixed order.
std::vector<std::pair<std::string_view, const std::string*>> fields_of(const CanonicalRow& row);

/// All of the row as one text; two rows have the same text only when they are equal.
std::string canonical(const CanonicalRow& row);

/// "title is 'a' instead of 'b'" for each field that differs; long values are cut.
std::vector<std::string> differences(const CanonicalRow& got, const CanonicalRow& wanted);

/// JSON with sorted names, no blanks and U+FFFD for NUL, which Postgres does not store. What is no JSON stays as it is.
std::string canonical_json(std::string_view json);

/// Text with U+FFFD for NUL.
std::string without_nul(std::string text);

}  // namespace calsync::simulation
