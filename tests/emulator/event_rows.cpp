// SPDX-License-Identifier: Apache-2.0
#include "event_rows.hpp"

#include <algorithm>

#include "recurrence.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

bool overlaps(const Calendar& calendar, const EventTime& start, const EventTime& end, const RowFilter& filter) {
  if (start.kind == EventTime::Kind::none) return !filter.time_min && !filter.time_max;
  if (filter.time_min && end.instant(calendar.zone) <= *filter.time_min) return false;
  return !filter.time_max || start.instant(calendar.zone) < *filter.time_max;
}

// A day of slack on both sides: dates begin at different instants in different zones.
ExpansionWindow window_of(const Event& master, const RowFilter& filter) {
  ExpansionWindow window;
  if (filter.time_min) window.first = *filter.time_min - master.duration() - 86400;
  window.last = filter.horizon;
  if (filter.time_max) window.last = std::min(window.last, *filter.time_max + 86400);
  return window;
}

bool has_property(const JsonValue& body, std::string_view side, const std::pair<std::string, std::string>& wanted) {
  const JsonValue* properties = member(body, "extendedProperties");
  const JsonValue* map = properties ? member(*properties, side) : nullptr;
  const JsonValue* value = map ? member(*map, wanted.first) : nullptr;
  return value && value->IsString() && wanted.second == value->GetString();
}

bool body_matches(const Event& event, const RowFilter& filter) {
  Json body;
  if (!parse_json("{" + event.body + "}", body)) return false;
  for (const auto& wanted : filter.private_properties)
    if (!has_property(body, "private", wanted)) return false;
  for (const auto& wanted : filter.shared_properties)
    if (!has_property(body, "shared", wanted)) return false;
  if (!filter.event_types.empty() &&
      std::ranges::find(filter.event_types, string_member(body, "eventType", "default")) == filter.event_types.end())
    return false;
  if (filter.text.empty()) return true;
  std::string haystack;
  for (const char* name : {"summary", "description", "location"})
    haystack.append(string_member(body, name)).append("\n");
  for (const char* name : {"organizer", "creator"})
    if (const JsonValue* person = member(body, name))
      haystack.append(string_member(*person, "email"))
          .append("\n")
          .append(string_member(*person, "displayName"))
          .append("\n");
  if (const JsonValue* attendees = member(body, "attendees"); attendees && attendees->IsArray())
    for (const JsonValue& person : attendees->GetArray())
      haystack.append(string_member(person, "email"))
          .append("\n")
          .append(string_member(person, "displayName"))
          .append("\n");
  haystack = lower(haystack);
  return std::ranges::all_of(words(lower(filter.text)),
                             [&](const std::string& word) { return haystack.find(word) != haystack.npos; });
}

void append_occurrences(const Calendar& calendar, const Event& master, const RowFilter& filter,
                        std::vector<EventRow>& rows) {
  if (master.cancelled() && !filter.show_deleted && !filter.incremental) return;
  for (const std::int64_t seconds : occurrences(master.start, master.recurrence, window_of(master, filter))) {
    const EventTime start = master.start.moved_to(seconds), end = master.end.moved_to(seconds + master.duration());
    if (!overlaps(calendar, start, end, filter)) continue;
    if (calendar.exception_at(master.id, start)) continue;  // it has a row of its own
    rows.push_back({&master, true, master.cancelled(), seconds});
  }
}

bool any_occurrence(const Calendar& calendar, const Event& master, const RowFilter& filter) {
  if (!filter.time_min && !filter.time_max) return true;
  for (const std::int64_t seconds : occurrences(master.start, master.recurrence, window_of(master, filter)))
    if (overlaps(calendar, master.start.moved_to(seconds), master.end.moved_to(seconds + master.duration()), filter))
      return true;
  return false;
}

}  // namespace

void append_rows(const Calendar& calendar, const Event& event, const RowFilter& filter, std::vector<EventRow>& rows) {
  if (event.hidden) return;
  if (filter.updated_min && event.updated_ms < *filter.updated_min) return;
  if (!filter.ical_uid.empty() && event.ical_uid != filter.ical_uid) return;
  if (filter.needs_body() && !body_matches(event, filter)) return;
  if (event.is_master() && filter.single_events) {
    append_occurrences(calendar, event, filter, rows);
    return;
  }
  if (event.cancelled()) {
    // A removed occurrence of a live series is part of the series and therefore listed; any other deletion is not.
    const Event* master = event.is_exception() ? calendar.find(event.recurring_event_id) : nullptr;
    const bool part_of_series = master && !master->cancelled() && !filter.single_events;
    if (!part_of_series && !filter.show_deleted && !filter.incremental) return;
    const EventTime& start = event.is_exception() ? event.original : event.start;
    const std::int64_t length = event.start.kind == EventTime::Kind::none ? 0 : event.duration();
    if (start.kind != EventTime::Kind::none &&
        !overlaps(calendar, start, start.moved_to(start.seconds + length), filter))
      return;
    rows.push_back({&event, false, true, start.seconds});
    return;
  }
  const bool inside =
      event.is_master() ? any_occurrence(calendar, event, filter) : overlaps(calendar, event.start, event.end, filter);
  if (inside) rows.push_back({&event, false, false, event.start.seconds});
}

void append_row(std::string& out, const Calendar& calendar, const EventRow& row, const RowFilter& filter,
                const EventView& view) {
  if (row.virtual_instance) {
    if (row.cancelled)
      append_instance_tombstone(out, *row.event, row.seconds, view.zone);
    else
      append_instance(out, calendar, *row.event, row.seconds, view);
    return;
  }
  // The organizer's calendar keeps the details of a deleted event, but only showDeleted=true brings them out.
  const bool with_details = filter.show_deleted && row.event->organized_here && !row.event->is_exception() &&
                            row.event->start.kind != EventTime::Kind::none;
  if (row.cancelled && !with_details)
    append_tombstone(out, *row.event, view.zone);
  else
    append_event(out, calendar, *row.event, view);
}

}  // namespace calsync::emulator
