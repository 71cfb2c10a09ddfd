// SPDX-License-Identifier: Apache-2.0
#include "operation.hpp"

#include <span>

namespace calsync::emulator {
namespace {

constexpr Operation calendar_list[] = {
    {"GET", "calendarList.list", "calendar.v3.CalendarList.List", scope::list_calendar_list, list_calendar_list},
    {"POST", "calendarList.insert", "calendar.v3.CalendarList.Insert", scope::write_calendar_list,
     insert_calendar_list_entry}};
constexpr Operation calendar_list_entry[] = {
    {"GET", "calendarList.get", "calendar.v3.CalendarList.Get", scope::get_calendar_list, get_calendar_list_entry},
    {"PATCH", "calendarList.patch", "calendar.v3.CalendarList.Patch", scope::write_calendar_list,
     patch_calendar_list_entry},
    {"PUT", "calendarList.update", "calendar.v3.CalendarList.Update", scope::write_calendar_list,
     patch_calendar_list_entry},
    {"DELETE", "calendarList.delete", "calendar.v3.CalendarList.Delete", scope::write_calendar_list,
     delete_calendar_list_entry}};
constexpr Operation calendars[] = {
    {"POST", "calendars.insert", "calendar.v3.Calendars.Insert", scope::write_calendar, insert_calendar}};
constexpr Operation calendar[] = {
    {"GET", "calendars.get", "calendar.v3.Calendars.Get", scope::get_calendar, get_calendar},
    {"PATCH", "calendars.patch", "calendar.v3.Calendars.Patch", scope::write_calendar, patch_calendar},
    {"PUT", "calendars.update", "calendar.v3.Calendars.Update", scope::write_calendar, update_calendar},
    {"DELETE", "calendars.delete", "calendar.v3.Calendars.Delete", scope::write_calendar, delete_calendar}};
constexpr Operation events[] = {
    {"GET", "events.list", "calendar.v3.Events.List", scope::read_events, list_events},
    {"POST", "events.insert", "calendar.v3.Events.Insert", scope::write_events, insert_event}};
constexpr Operation events_import[] = {
    {"POST", "events.import", "calendar.v3.Events.Import", scope::write_events, import_event}};
constexpr Operation event[] = {
    {"GET", "events.get", "calendar.v3.Events.Get", scope::read_events, get_event},
    {"PATCH", "events.patch", "calendar.v3.Events.Patch", scope::write_events, patch_event},
    {"PUT", "events.update", "calendar.v3.Events.Update", scope::write_events, update_event},
    {"DELETE", "events.delete", "calendar.v3.Events.Delete", scope::write_events, delete_event}};
constexpr Operation instances[] = {
    {"GET", "events.instances", "calendar.v3.Events.Instances", scope::read_events, list_instances}};
constexpr Operation move[] = {{"POST", "events.move", "calendar.v3.Events.Move", scope::move_events, move_event}};
constexpr Operation events_watch[] = {
    {"POST", "events.watch", "calendar.v3.Events.Watch", scope::read_events, watch_events}};
constexpr Operation calendar_list_watch[] = {
    {"POST", "calendarList.watch", "calendar.v3.CalendarList.Watch", scope::list_calendar_list, watch_calendar_list}};
constexpr Operation channels_stop[] = {
    {"POST", "channels.stop", "calendar.v3.Channels.Stop", scope::stop_channel, stop_channel}};
constexpr Operation free_busy[] = {
    {"POST", "freebusy.query", "calendar.v3.Freebusy.Query", scope::query_free_busy, query_free_busy}};
constexpr Operation colors[] = {{"GET", "colors.get", "calendar.v3.Colors.Get", scope::read_colors, get_colors}};
constexpr Operation settings[] = {
    {"GET", "settings.list", "calendar.v3.Settings.List", scope::read_settings, list_settings}};
constexpr Operation setting[] = {
    {"GET", "settings.get", "calendar.v3.Settings.Get", scope::read_settings, get_setting}};

// The operations of a path below /calendar/v3, by its segments from the third on.
std::span<const Operation> operations_at(std::span<const std::string> path, Classified& found) {
  const std::size_t n = path.size();
  if (n == 1 && path[0] == "freeBusy") return free_busy;
  if (n == 1 && path[0] == "colors") return colors;
  if (n == 1 && path[0] == "calendars") return calendars;
  if (n >= 3 && path[0] == "users" && path[1] == "me") {
    if (n == 3 && path[2] == "calendarList") return calendar_list;
    if (n == 3 && path[2] == "settings") return settings;
    if (n == 4 && path[2] == "calendarList" && path[3] == "watch") return calendar_list_watch;
    if (n == 4 && path[2] == "calendarList") {
      found.calendar_id = path[3];
      return calendar_list_entry;
    }
    if (n == 4 && path[2] == "settings") {
      found.event_id = path[3];
      return setting;
    }
    return {};
  }
  if (n == 2 && path[0] == "channels" && path[1] == "stop") return channels_stop;
  if (n < 2 || path[0] != "calendars" || path[1].empty()) return {};
  found.calendar_id = path[1];
  if (n == 2) return calendar;
  if (path[2] != "events") return {};
  if (n == 3) return events;
  if (n == 4 && path[3] == "import") return events_import;
  if (n == 4 && path[3] == "watch") return events_watch;
  if (n == 4 && path[3].empty()) return {};
  found.event_id = path[3];
  if (n == 4) return event;
  if (n == 5 && path[4] == "instances") return instances;
  if (n == 5 && path[4] == "move") return move;
  return {};
}

std::string_view other_name(const Request& request) {
  const std::string_view path = request.path;
  if (path == "/token" || path == "/oauth2/v4/token") return "token";
  if (path == "/revoke" || path == "/o/oauth2/revoke") return "revoke";
  if (path == "/tokeninfo" || path == "/oauth2/v3/tokeninfo") return "tokeninfo";
  if (path == "/v1/userinfo" || path == "/oauth2/v2/userinfo" || path == "/oauth2/v3/userinfo") return "userinfo";
  if (path == "/o/oauth2/v2/auth" || path == "/o/oauth2/auth") return "authorize";
  if (path == "/.well-known/openid-configuration") return "openid";
  if (path == "/oauth2/v3/certs") return "certs";
  if (path.starts_with("/feeds/")) return "feed";
  return "unknown";
}

}  // namespace

Classified classify(const Request& request) {
  Classified found;
  const bool api = request.segments.size() >= 3 && request.segments[0] == "calendar" && request.segments[1] == "v3";
  if (!api) {
    found.name = other_name(request);
    found.known_path = found.name != "unknown";
    if (found.name == "feed" && request.segments.size() == 2) {
      found.calendar_id = request.segments[1];
      if (found.calendar_id.ends_with(".ics")) found.calendar_id.resize(found.calendar_id.size() - 4);
    }
    return found;
  }
  const auto operations = operations_at(std::span(request.segments).subspan(2), found);
  found.known_path = !operations.empty();
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Operation& operation : operations) {
    if (operation.method != method) continue;
    found.operation = &operation;
    found.name = operation.name;
  }
  return found;
}

}  // namespace calsync::emulator
