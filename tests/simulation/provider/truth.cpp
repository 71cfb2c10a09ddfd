// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/truth.hpp"

#include <stdexcept>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/event_json.hpp"
#include "tests/simulation/provider/canonical_json.hpp"

namespace calsync::simulation {
namespace {

using emulator::JsonValue;
using emulator::string_member;

std::string text_at(const JsonValue& item, std::string_view name) {
  return without_nul(std::string(string_member(item, name)));
}

const emulator::Zone* zone_named(std::string_view name) {
  const emulator::Zone* zone = emulator::find_zone(name);
  return zone ? zone : emulator::utc_zone();
}

std::string utc_text(std::int64_t seconds) {
  std::string text;
  emulator::append_rfc3339(text, seconds, 0);
  return text;
}

std::string date_of(const JsonValue* time) { return time ? std::string(string_member(*time, "date")) : std::string(); }

/// A start or end object as an instant; dates begin at midnight of the calendar's zone.
std::string instant_of(const JsonValue* time, std::string_view calendar_zone) {
  if (!time || !time->IsObject()) return {};
  if (const auto day = emulator::parse_date(date_of(time))) return utc_text(zone_named(calendar_zone)->to_utc(*day));
  const auto parsed = emulator::parse_rfc3339(string_member(*time, "dateTime"));
  if (!parsed) return {};
  if (parsed->utc_offset) return utc_text(parsed->local_seconds - *parsed->utc_offset);
  return utc_text(zone_named(string_member(*time, "timeZone", calendar_zone))->to_utc(parsed->local_seconds));
}

std::string zone_of(const JsonValue* time, std::string_view calendar_zone) {
  return !time || !date_of(time).empty() ? std::string() : std::string(string_member(*time, "timeZone", calendar_zone));
}

/// Only what is said about a guest; a guest who has said nothing needs to act.
void append_guest(std::string& json, const JsonValue& one) {
  emulator::ObjectWriter guest(json);
  guest.text("email", string_member(one, "email"));
  guest.text_unless_empty("name", string_member(one, "displayName"));
  guest.text("response", string_member(one, "responseStatus", "needsAction"));
  for (const char* name : {"optional", "organizer", "self"})
    if (emulator::bool_member(one, name, false)) guest.boolean(name, true);
}

const JsonValue* list_at(const JsonValue& item, std::string_view name) {
  const JsonValue* list = emulator::member(item, name);
  return list && list->IsArray() ? list : nullptr;
}

std::string guests_of(const JsonValue& item) {
  const JsonValue* guests = list_at(item, "attendees");
  if (!guests) return "[]";
  std::string json = "[";
  for (const JsonValue& one : guests->GetArray()) {
    if (json.size() > 1) json += ',';
    append_guest(json, one);
  }
  return canonical_json(json + "]");
}

bool blocks_time(const JsonValue& item) {
  if (string_member(item, "transparency") == "transparent") return false;
  if (string_member(item, "eventType") == "workingLocation") return false;
  const JsonValue* guests = list_at(item, "attendees");
  if (!guests) return true;
  for (const JsonValue& one : guests->GetArray())
    if (emulator::bool_member(one, "self", false) && string_member(one, "responseStatus") == "declined") return false;
  return true;
}

/// What is guaranteed of a cancelled occurrence, and no more.
void fill_cancelled(const JsonValue& item, std::string_view zone, CanonicalRow& row) {
  const JsonValue* original = emulator::member(item, "originalStartTime");
  row.status = "cancelled";
  row.is_busy = "false";
  row.is_all_day = date_of(original).empty() ? "false" : "true";
  row.time_zone = zone_of(original, zone);
}

void fill_live(const JsonValue& item, std::string_view zone, CanonicalRow& row) {
  const JsonValue* start = emulator::member(item, "start");
  const JsonValue* end = emulator::member(item, "end");
  row.title = text_at(item, "summary");
  row.description = text_at(item, "description");
  row.location = text_at(item, "location");
  if (const JsonValue* organizer = emulator::member(item, "organizer")) row.organizer = text_at(*organizer, "email");
  row.attendees = guests_of(item);
  row.start_time = instant_of(start, zone);
  row.end_time = instant_of(end, zone);
  row.start_date = date_of(start);
  row.end_date = date_of(end);
  row.is_all_day = row.start_date.empty() ? "false" : "true";
  row.time_zone = zone_of(start, zone);
  row.status = string_member(item, "status", "confirmed");
  row.is_busy = blocks_time(item) ? "true" : "false";
  if (const JsonValue* lines = list_at(item, "recurrence"))
    for (const JsonValue& line : lines->GetArray()) row.recurrence.append(line.GetString()).append("\n");
}

/// Whether a mirror has a row of it. A removed occurrence is a part of its series, and gone when that is gone.
bool has_row(const emulator::Calendar& calendar, const emulator::Event& event) {
  if (event.hidden) return false;
  if (!event.cancelled()) return true;
  const emulator::Event* master = event.is_exception() ? calendar.find(event.recurring_event_id) : nullptr;
  return master && !master->hidden && !master->cancelled();
}

std::string item_json(const emulator::Calendar& calendar, const emulator::Event& event, emulator::AccessRole role) {
  if (!event.cancelled()) return emulator::event_text(calendar, event, {calendar.zone, role, -1});
  std::string json;
  emulator::append_tombstone(json, event, calendar.zone);
  return json;
}

CalendarTruth truth_of_entry(const emulator::CalendarListEntry& entry) {
  const emulator::Calendar& calendar = *entry.calendar;
  CalendarTruth truth{calendar.id, calendar.zone->name(), std::string(emulator::role_name(entry.role)), {}};
  for (const auto& event : calendar.events()) {
    if (has_row(calendar, *event))
      truth.rows.emplace(event->id, expected_row(item_json(calendar, *event, entry.role), calendar.zone->name()));
  }
  return truth;
}

}  // namespace

CanonicalRow expected_row(std::string_view json, std::string_view zone) {
  emulator::Json item;
  if (!emulator::parse_json(json, item)) throw std::logic_error("the emulator wrote an event that is no JSON");
  CanonicalRow row;
  row.external_event_id = text_at(item, "id");
  row.ical_uid = text_at(item, "iCalUID");
  row.recurring_event_id = text_at(item, "recurringEventId");
  row.original_start_time = instant_of(emulator::member(item, "originalStartTime"), zone);
  row.etag = text_at(item, "etag");
  row.sequence = std::to_string(emulator::int_member(item, "sequence").value_or(0));
  row.visibility = string_member(item, "visibility", "default");
  row.raw_payload = canonical_json(item);
  if (string_member(item, "status") == "cancelled")
    fill_cancelled(item, zone, row);
  else
    fill_live(item, zone, row);
  return row;
}

std::vector<CalendarTruth> truth_of(EmulatedWorld& world, std::string_view email) {
  std::vector<CalendarTruth> calendars;
  const emulator::Account* account = world.provider.find_account(email);
  if (!account) return calendars;
  for (const auto& entry : account->entries())
    if (!entry->deleted) calendars.push_back(truth_of_entry(*entry));
  return calendars;
}

CalendarTruth truth_of_calendar(EmulatedWorld& world, std::string_view email, std::string_view calendar_id) {
  emulator::Account* account = world.provider.find_account(email);
  const emulator::CalendarListEntry* entry = account ? account->entry(calendar_id) : nullptr;
  if (!entry || entry->deleted) return {std::string(calendar_id), {}, {}, {}};
  return truth_of_entry(*entry);
}

}  // namespace calsync::simulation
