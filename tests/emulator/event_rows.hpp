// SPDX-License-Identifier: Apache-2.0
// Which items one stored event contributes to a list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "calendar.hpp"
#include "event_json.hpp"

namespace calsync::emulator {

struct RowFilter {
  bool single_events = false, show_deleted = false;
  bool incremental = false;                        // by sync token or updatedMin: deletions are always included
  std::optional<std::int64_t> time_min, time_max;  // seconds; end > time_min and start < time_max
  std::optional<std::int64_t> updated_min;         // milliseconds
  std::string text, ical_uid;
  std::vector<std::pair<std::string, std::string>> private_properties, shared_properties;
  std::vector<std::string> event_types;
  std::int64_t horizon = INT64_MAX;  // seconds; no occurrence after it is listed

  bool needs_body() const {
    return !text.empty() || !private_properties.empty() || !shared_properties.empty() || !event_types.empty();
  }
};

struct EventRow {
  const Event* event = nullptr;
  bool virtual_instance = false, cancelled = false;
  std::int64_t seconds = 0;  // start, for ordering and for instances
};

void append_rows(const Calendar& calendar, const Event& event, const RowFilter& filter, std::vector<EventRow>& rows);
void append_row(std::string& out, const Calendar& calendar, const EventRow& row, const RowFilter& filter,
                const EventView& view);

}  // namespace calsync::emulator
