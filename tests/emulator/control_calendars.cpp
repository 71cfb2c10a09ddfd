// SPDX-License-Identifier: Apache-2.0
// /control/calendars and /control/state
#include <fmt/format.h>

#include "control_json.hpp"
#include "digest.hpp"
#include "event_json.hpp"
#include "ics_load.hpp"

namespace calsync::emulator {

std::string calendar_summary_json(const CalendarListEntry& entry) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("id", entry.calendar->id);
    object.text("summary", entry.calendar->summary);
    object.text("timeZone", entry.calendar->zone->name());
    object.text("accessRole", role_name(entry.role));
    object.boolean("primary", entry.calendar->primary);
    object.boolean("hidden", entry.hidden);
    object.boolean("deleted", entry.deleted);
    object.number("events", static_cast<std::int64_t>(entry.calendar->live_count()));
    object.number("change", static_cast<std::int64_t>(entry.calendar->last_change()));
  }
  return out;
}

const Zone* zone_of(const ControlCall& call, std::string_view name, const Zone* otherwise) {
  const std::string_view text = call.text(name);
  if (text.empty()) return otherwise ? otherwise : utc_zone();
  const Zone* zone = find_zone(text);
  if (!zone) throw control_fault(400, "unknown time zone " + std::string(text));
  return zone;
}

CalendarListEntry& add_wanted_calendar(Provider& provider, Account& account, const JsonValue& wanted) {
  const std::string_view summary = string_member(wanted, "summary");
  std::string id(string_member(wanted, "id"));
  if (id.empty() && bool_member(wanted, "primary", false)) id = account.email;
  if (id.empty()) id = "c_" + base32hex_lower(random_bytes(20)) + "@group.calendar.google.com";
  const std::string_view zone_name = string_member(wanted, "timeZone", "Europe/Berlin");
  const Zone* zone = find_zone(zone_name);
  if (!zone) throw control_fault(400, "unknown time zone " + std::string(zone_name));
  const auto role = role_from_name(string_member(wanted, "accessRole", "owner"));
  if (!role) throw control_fault(400, "unknown accessRole");
  const bool known = provider.find_calendar(id) != nullptr;
  Calendar& calendar = provider.add_calendar(id, summary.empty() ? id : std::string(summary), zone, account.email);
  if (known && id == account.email && !summary.empty()) calendar.summary = summary;
  if (id == account.email) calendar.zone = zone;
  if (!known) calendar.description = string_member(wanted, "description");
  CalendarListEntry& entry = account.add_entry(calendar, *role);
  entry.hidden = bool_member(wanted, "hidden", false);
  return entry;
}

void append_calendar_state(std::string& out, const CalendarListEntry& entry) {
  const Calendar& calendar = *entry.calendar;
  const EventView view{calendar.zone, AccessRole::owner, -1};
  std::string live, exceptions, tombstones, cancelled;
  for (const auto& event : calendar.events()) {
    if (event->hidden) continue;
    const bool removed = event->cancelled() && event->is_exception();
    std::string& target = removed                 ? cancelled
                          : event->cancelled()    ? tombstones
                          : event->is_exception() ? exceptions
                                                  : live;
    if (!target.empty()) target += ',';
    if (event->cancelled())
      append_tombstone(target, *event, view.zone);
    else
      append_event(target, calendar, *event, view);
  }
  ObjectWriter object(out);
  object.raw("calendar", calendar_summary_json(entry));
  object.raw("events", "[" + live + "]");
  object.raw("exceptions", "[" + exceptions + "]");
  object.raw("cancelled_occurrences", "[" + cancelled + "]");
  object.raw("tombstones", "[" + tombstones + "]");
}

Response control_state(ControlCall& call) {
  const Account& account = call.account();
  const std::string_view only = call.text("calendar_id");
  std::string rows;
  for (const auto& entry : account.entries()) {
    if (!only.empty() && entry->calendar->id != only) continue;
    if (!rows.empty()) rows += ',';
    append_calendar_state(rows, *entry);
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.text("email", account.email);
    object.text("sub", account.sub);
    object.raw("calendars", "[" + rows + "]");
  }
  return json_response(200, std::move(body));
}

namespace {

Response change_calendar(ControlCall& call, CalendarListEntry& entry) {
  Account& account = call.account();
  Calendar& calendar = *entry.calendar;
  if (const std::string_view role = call.text("accessRole"); !role.empty()) {
    const auto wanted = role_from_name(role);
    if (!wanted) throw control_fault(400, "unknown accessRole");
    entry.role = *wanted;
  }
  calendar.zone = zone_of(call, "timeZone", calendar.zone);
  if (const std::string_view summary = call.text("summary"); !summary.empty()) calendar.summary = summary;
  if (const JsonValue* text = member(call.body, "description"); text && text->IsString())
    calendar.description = text->GetString();
  bool reported = bool_member(call.body, "report", false);
  if (const JsonValue* title = member(call.body, "summaryOverride"); title && title->IsString()) {
    entry.summary_override = title->GetString();
    reported = true;
  }
  const std::pair<std::string_view, bool*> switches[] = {
      {"hidden", &entry.hidden}, {"selected", &entry.selected}, {"deleted", &entry.deleted}};
  for (const auto& [name, target] : switches) {
    const bool wanted = bool_member(call.body, name, *target);
    reported |= wanted != *target;
    *target = wanted;
  }
  // As when more or less of each event is to be seen from now on.
  if (bool_member(call.body, "renew_events", false))
    for (const auto& event : calendar.events())
      if (!event->hidden) calendar.touch(*event, false);
  // Changes of data that are the owner's (title, zone, access) do not appear in the list's delta.
  if (reported) account.touch(entry);
  return json_response(200, calendar_summary_json(entry));
}

Response import_calendar(ControlCall& call) {
  Account& account = call.account();
  std::string text(string_member(call.body, "ics"));
  const std::string path(string_member(call.body, "path"));
  if (text.empty() && !path.empty()) text = read_calendar_file(path);
  if (text.empty()) throw control_fault(400, "missing: ics or path");
  std::string id(call.text("calendar_id"));
  const ImportReport report = import_ics(call.provider, account, text, id, std::string(call.text("summary")));
  return json_response(200, report_json(report));
}

}  // namespace

Response control_calendars(ControlCall& call) {
  const std::string& method = call.request.method;
  if (method == "POST" && !call.path.empty() && call.path[0] == "import") return import_calendar(call);
  if (method == "POST")
    return json_response(200, calendar_summary_json(add_wanted_calendar(call.provider, call.account(), call.body)));
  // The id may also be the last path segment.
  if (!call.path.empty()) set_member(call.body, "calendar_id", json_string(call.path[0], call.body), call.body);
  if (method == "GET" && call.text("calendar_id").empty()) return control_state(call);
  CalendarListEntry& entry = call.entry();
  if (method == "PATCH") return change_calendar(call, entry);
  if (method == "DELETE") {
    entry.deleted = true;
    call.account().touch(entry);
    return json_response(200, calendar_summary_json(entry));
  }
  std::string body;
  append_calendar_state(body, entry);
  return json_response(200, std::move(body));
}

}  // namespace calsync::emulator
