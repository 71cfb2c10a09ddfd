// SPDX-License-Identifier: Apache-2.0
#include "graph_operation.hpp"

#include <algorithm>
#include <span>

namespace calsync::emulator::microsoft {
namespace {

using Operations = std::span<const GraphOperation>;
using Path = std::span<const std::string>;

constexpr GraphOperation me[] = {{"GET", "graph.me", Need::user, get_me}};
constexpr GraphOperation settings[] = {{"GET", "graph.mailboxSettings", Need::mailbox_settings, get_mailbox_settings}};
constexpr GraphOperation calendars[] = {{"GET", "graph.calendars.list", Need::calendars, list_calendars},
                                        {"POST", "graph.calendars.create", Need::calendars_write, create_calendar}};
constexpr GraphOperation calendar[] = {{"GET", "graph.calendar.get", Need::calendars, get_calendar},
                                       {"PATCH", "graph.calendar.update", Need::calendars_write, patch_calendar},
                                       {"DELETE", "graph.calendar.delete", Need::calendars_write, delete_calendar}};
constexpr GraphOperation groups[] = {{"GET", "graph.calendarGroups.list", Need::calendars, list_calendar_groups}};
constexpr GraphOperation events[] = {{"GET", "graph.events.list", Need::calendars, list_events},
                                     {"POST", "graph.event.create", Need::calendars_write, create_event}};
constexpr GraphOperation event[] = {{"GET", "graph.event.get", Need::calendars, get_event},
                                    {"PATCH", "graph.event.update", Need::calendars_write, patch_event},
                                    {"DELETE", "graph.event.delete", Need::calendars_write, delete_event}};
constexpr GraphOperation instances[] = {{"GET", "graph.event.instances", Need::calendars, list_instances}};
constexpr GraphOperation answers[] = {{"POST", "graph.event.respond", Need::calendars_write, answer_invitation}};
constexpr GraphOperation cancels[] = {{"POST", "graph.event.cancel", Need::calendars_write, cancel_event}};
constexpr GraphOperation view[] = {{"GET", "graph.calendarView", Need::calendars, calendar_view}};
constexpr GraphOperation delta[] = {{"GET", "graph.calendarView.delta", Need::calendars, calendar_view_delta}};
constexpr GraphOperation schedule[] = {{"POST", "graph.getSchedule", Need::calendars, get_schedule}};
constexpr GraphOperation translate[] = {{"POST", "graph.translateExchangeIds", Need::user, translate_ids}};
constexpr GraphOperation subscriptions[] = {
    {"GET", "graph.subscriptions.list", Need::calendars, list_subscriptions},
    {"POST", "graph.subscription.create", Need::calendars, create_subscription}};
constexpr GraphOperation subscription[] = {
    {"GET", "graph.subscription.get", Need::calendars, get_subscription},
    {"PATCH", "graph.subscription.update", Need::calendars, patch_subscription},
    {"DELETE", "graph.subscription.delete", Need::calendars, delete_subscription}};
constexpr GraphOperation reauthorize[] = {
    {"POST", "graph.subscription.reauthorize", Need::calendars, reauthorize_subscription}};

// Names in paths are taken in any case; functions with or without parentheses and namespace.
bool is(std::string_view segment, std::string_view name) {
  if (segment.starts_with("microsoft.graph.")) segment.remove_prefix(16);
  if (segment.ends_with("()")) segment.remove_suffix(2);
  return equal_ignoring_case(segment, name);
}

// events('ID') is the same as events/ID.
std::vector<std::string> plain_path(Path path) {
  std::vector<std::string> plain;
  for (const std::string& segment : path) {
    const std::size_t key = segment.find("('");
    if (key == segment.npos || !segment.ends_with("')")) {
      plain.push_back(segment);
      continue;
    }
    plain.push_back(segment.substr(0, key));
    plain.push_back(segment.substr(key + 2, segment.size() - key - 4));
  }
  return plain;
}

Operations below_event(Path path, GraphRoute& route) {
  if (path.empty()) return events;
  route.event_id = path[0];
  if (path.size() == 1) return event;
  if (path.size() != 2) return {};
  if (is(path[1], "instances")) return instances;
  for (const std::string_view answer : {"accept", "decline", "tentativelyAccept"}) {
    if (!is(path[1], answer)) continue;
    route.rest = answer;
    return answers;
  }
  return is(path[1], "cancel") ? Operations(cancels) : Operations();
}

Operations below_calendar(Path path, GraphRoute& route) {
  if (path.empty()) return calendar;
  if (is(path[0], "events")) return below_event(path.subspan(1), route);
  if (is(path[0], "calendarView") && path.size() == 1) return view;
  if (is(path[0], "calendarView") && path.size() == 2 && is(path[1], "delta")) return delta;
  if (is(path[0], "getSchedule") && path.size() == 1) return schedule;
  return {};
}

Operations below_user(Path path, GraphRoute& route) {
  if (path.empty()) return me;
  if (is(path[0], "mailboxSettings") && path.size() <= 2) {
    if (path.size() == 2) route.rest = path[1];
    return settings;
  }
  if (is(path[0], "translateExchangeIds") && path.size() == 1) return translate;
  if (is(path[0], "calendarGroups")) {
    if (path.size() == 1) return groups;
    if (path.size() < 3 || !is(path[2], "calendars")) return {};
    path = path.subspan(2);
  }
  if (is(path[0], "calendars")) {
    if (path.size() == 1) return calendars;
    route.calendar_id = path[1];
    return below_calendar(path.subspan(2), route);
  }
  if (is(path[0], "calendar")) {
    route.calendar_id = "default";
    return below_calendar(path.subspan(1), route);
  }
  if (is(path[0], "events") || is(path[0], "calendarView")) return below_calendar(path, route);
  return {};
}

Operations operations_at(Path path, GraphRoute& route) {
  if (path.empty()) return {};
  if (is(path[0], "me")) return below_user(path.subspan(1), route);
  if (is(path[0], "users") && path.size() > 1) {
    route.user = path[1];
    return below_user(path.subspan(2), route);
  }
  if (!is(path[0], "subscriptions")) return {};
  if (path.size() == 1) return subscriptions;
  route.event_id = path[1];
  if (path.size() == 2) return subscription;
  return path.size() == 3 && is(path[2], "reauthorize") ? Operations(reauthorize) : Operations();
}

}  // namespace

GraphRoute route_of(const Request& request) {
  GraphRoute route;
  const std::vector<std::string> path = plain_path(Path(request.segments).subspan(2));
  const Operations operations = operations_at(path, route);
  route.known_path = !operations.empty();
  for (const GraphOperation& operation : operations) {
    if (operation.method != request.method) continue;
    route.operation = &operation;
    route.name = operation.name;
  }
  return route;
}

bool permits(const std::set<std::string>& scopes, Need need) {
  const auto any = [&](std::initializer_list<const char*> names) {
    return std::ranges::any_of(names, [&](const char* name) { return scopes.contains(name); });
  };
  switch (need) {
    case Need::nothing:
      return true;
    case Need::user:
      return any({"User.Read"});
    case Need::calendars:
      return any({"Calendars.Read", "Calendars.ReadWrite", "Calendars.Read.Shared", "Calendars.ReadWrite.Shared"});
    case Need::calendars_write:
      return any({"Calendars.ReadWrite", "Calendars.ReadWrite.Shared"});
    case Need::mailbox_settings:
      return any({"MailboxSettings.Read", "MailboxSettings.ReadWrite"});
  }
  return false;
}

}  // namespace calsync::emulator::microsoft
