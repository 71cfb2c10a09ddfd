// SPDX-License-Identifier: Apache-2.0
// /control/events: what people do to their calendars in Google's own interface.
#include <fmt/format.h>

#include <random>

#include "api_call.hpp"
#include "clock.hpp"
#include "control_json.hpp"
#include "digest.hpp"
#include "event_input.hpp"
#include "event_json.hpp"
#include "event_lookup.hpp"
#include "recurrence.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

Response event_answer(const Calendar& calendar, const Event& event) {
  return json_response(200, event_text(calendar, event, {calendar.zone, AccessRole::owner, -1}));
}

Json resource_of(const Calendar& calendar, const Event& event) {
  Json resource;
  parse_json(event_text(calendar, event, {calendar.zone, AccessRole::owner, -1}), resource);
  return resource;
}

const JsonValue& wanted_event(const ControlCall& call) {
  const JsonValue* event = member(call.body, "event");
  if (!event || !event->IsObject()) throw control_fault(400, "missing: event");
  return *event;
}

void overwrite(ControlCall& call, Calendar& calendar, Event& event, const JsonValue& resource,
               const EventPeople& people) {
  if (string_member(resource, "status") == "cancelled") {
    calendar.cancel(event);
    return;
  }
  Event changed = event;
  changed.hidden = false;
  read_event(calendar, resource, people, Sender::control, changed);
  const bool series_changed =
      event.is_master() && (changed.start != event.start || changed.recurrence != event.recurrence);
  const bool revived = event.cancelled();
  event = std::move(changed);
  if (revived) calendar.settle_revived(event);
  // A change of reminders alone gives a new etag but the old `updated`.
  calendar.touch(event, !bool_member(call.body, "keep_updated", false));
  if (series_changed) settle_exceptions(calendar, event, call.provider.settings.retimed_exceptions);
}

// Inserts or replaces; works for masters, single events, and exceptions with recurringEventId and originalStartTime.
Response upsert(ControlCall& call) {
  Calendar& calendar = call.calendar();
  const JsonValue& resource = wanted_event(call);
  const std::string id(string_member(resource, "id"));
  const EventPeople people = people_of_import(calendar, call.account().email, resource);
  if (Event* known = id.empty() ? nullptr : calendar.find(id)) {
    overwrite(call, calendar, *known, resource, people);
    return event_answer(calendar, *known);
  }
  auto event = std::make_unique<Event>();
  event->recurring_event_id = string_member(resource, "recurringEventId");
  if (event->is_exception()) {
    bool named = false;
    if (read_event_time(member(resource, "originalStartTime"), calendar.zone, event->original, named))
      throw control_fault(400, "an exception needs a valid originalStartTime");
  }
  read_event(calendar, resource, people, Sender::control, *event);
  event->id = !id.empty()             ? id
              : event->is_exception() ? event->recurring_event_id + '_' + event->original.id_suffix()
                                      : base32hex_lower(random_bytes(16));
  const Event* master = event->is_exception() ? calendar.find(event->recurring_event_id) : nullptr;
  const std::string_view uid = string_member(resource, "iCalUID");
  event->ical_uid = !uid.empty() ? std::string(uid) : master ? master->ical_uid : event->id + "@google.com";
  if (calendar.find(event->id)) throw control_fault(409, "the event exists: " + event->id);
  return event_answer(calendar, calendar.add(std::move(event)));
}

// The row of `event_id` (an instance id gets one).
Event& row_of(ControlCall& call, Calendar& calendar) {
  std::string id = call.required("event_id");
  if (const std::string_view original = call.text("original_start"); !original.empty()) id.append("_").append(original);
  const EventTarget target = find_target(calendar, id);
  return target.virtual_instance ? add_exception(calendar, *target.event, target.seconds) : *target.event;
}

Response patch(ControlCall& call) {
  Calendar& calendar = call.calendar();
  if (!call.path.empty()) set_member(call.body, "event_id", json_string(call.path[0], call.body), call.body);
  const JsonValue& change = wanted_event(call);
  Event& event = row_of(call, calendar);
  Json resource = resource_of(calendar, event);
  merge_patch(resource, change, resource);
  overwrite(call, calendar, event, resource, people_of(event));
  return event_answer(calendar, event);
}

Response remove(ControlCall& call) {
  Calendar& calendar = call.calendar();
  if (call.request.method == "DELETE" && !call.path.empty())
    set_member(call.body, "event_id", json_string(call.path[0], call.body), call.body);
  Event& event = row_of(call, calendar);
  calendar.cancel(event);
  std::string body;
  append_tombstone(body, event, calendar.zone);
  return json_response(200, std::move(body));
}

// "This and following": the old series ends, a new one with a new id begins; nothing links the two.
Response split(ControlCall& call) {
  Calendar& calendar = call.calendar();
  const EventTarget target = find_target(calendar, call.required("event_id") + "_" + call.required("original_start"));
  Event& master = target.virtual_instance ? *target.event : *calendar.find(target.event->recurring_event_id);
  const std::int64_t cut = target.virtual_instance ? target.seconds : target.event->original.seconds;
  auto tail = std::make_unique<Event>(master);
  tail->id = master.id + "_R" + master.start.moved_to(cut).id_suffix();
  if (tail->id.back() == 'Z') tail->id.pop_back();
  tail->ical_uid = tail->id + "@google.com";
  tail->start = master.start.moved_to(cut);
  tail->end = master.end.moved_to(cut + master.duration());
  tail->created_ms = 0;
  tail->change = 0;
  if (calendar.find(tail->id)) throw control_fault(409, "the series was split there before");
  // A COUNT goes on counting where the first part stopped; it counts removed occurrences too.
  std::vector<std::string> rules = master.recurrence;
  std::erase_if(rules, [](const std::string& line) { return !line.starts_with("RRULE"); });
  const std::size_t before = occurrences(master.start, rules, {INT64_MIN, cut - 1, 100000}).size();
  for (std::string& line : tail->recurrence) {
    const std::size_t at = line.find("COUNT=");
    if (at == line.npos) continue;
    const std::size_t end = std::min(line.find(';', at), line.size());
    const std::int64_t count = std::atoll(line.c_str() + at + 6);
    line.replace(at, end - at,
                 fmt::format("COUNT={}", std::max<std::int64_t>(1, count - static_cast<std::int64_t>(before))));
  }
  master.recurrence = cut_before(master.start, master.recurrence, cut);
  ++master.sequence;
  calendar.touch(master);
  const std::vector<Event*> exceptions = calendar.exceptions_of(master.id);
  for (Event* exception : exceptions)
    if (exception->original.seconds >= cut)
      settle_exception(calendar, *exception, call.provider.settings.retimed_exceptions);
  Event& second = calendar.add(std::move(tail));
  if (const JsonValue* change = member(call.body, "event"); change && change->IsObject()) {
    Json resource = resource_of(calendar, second);
    merge_patch(resource, *change, resource);
    overwrite(call, calendar, second, resource, people_of(second));
  }
  return json_response(200, R"({"first":)" + event_text(calendar, master, {calendar.zone, AccessRole::owner, -1}) +
                                R"(,"second":)" + event_text(calendar, second, {calendar.zone, AccessRole::owner, -1}) +
                                "}");
}

// As events.move, which see for what is refused; no fault hits it.
Response move(ControlCall& call) {
  Request asked;
  asked.method = "POST";
  asked.query = Query("destination=" + percent_encode(call.required("destination")));
  ApiCall api{call.provider, asked, call.account(), call.calendar().id, call.required("event_id")};
  return move_event(api);
}

// N random changes, the same for the same seed and state: inserts, edits and deletions.
Response burst(ControlCall& call) {
  Calendar& calendar = call.calendar();
  const std::int64_t count = int_member(call.body, "count").value_or(10);
  std::mt19937_64 random(static_cast<std::uint64_t>(int_member(call.body, "seed").value_or(1)));
  std::int64_t added = 0, edited = 0, removed = 0;
  std::string ids = "[";
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<Event*> live;
    for (const auto& event : calendar.events())
      if (!event->cancelled() && !event->is_exception()) live.push_back(event.get());
    const std::uint64_t dice = random() % 10;
    Event* touched = nullptr;
    if (live.empty() || dice < 4) {
      auto event = std::make_unique<Event>();
      event->id = base32hex_lower(
          sha256(fmt::format("{}/{}/{}", calendar.id, random(), calendar.events().size())).substr(0, 16));
      event->ical_uid = event->id + "@google.com";
      const std::int64_t day = days_from_civil(2026, 1, 1) + static_cast<std::int64_t>(random() % 730);
      event->start = {EventTime::Kind::timed, day * 86400 + static_cast<std::int64_t>(random() % 24) * 3600,
                      calendar.zone};
      event->end = event->start.moved_to(event->start.seconds + 1800);
      const EventPeople people = people_of_new(calendar, call.account().email);
      event->body = fmt::format(
          R"("summary":"Burst {}","creator":{},"organizer":{},"reminders":{{"useDefault":true}},"eventType":"default")",
          i, people.creator, people.organizer);
      touched = &calendar.add(std::move(event));
      ++added;
    } else {
      touched = live[random() % live.size()];
      if (dice < 8) {
        Json resource = resource_of(calendar, *touched);
        set_member(resource, "summary", json_string(fmt::format("Edited {} {}", i, random() % 1000), resource),
                   resource);
        overwrite(call, calendar, *touched, resource, people_of(*touched));
        ++edited;
      } else {
        calendar.cancel(*touched);
        ++removed;
      }
    }
    if (ids.size() > 1) ids += ',';
    append_quoted(ids, touched->id);
    call.provider.push.announce(call.provider);  // each of these is a change of its own
  }
  return json_response(
      200, fmt::format(R"({{"added":{},"edited":{},"removed":{},"ids":{}]}})", added, edited, removed, ids));
}

}  // namespace

Response control_events(ControlCall& call) {
  const std::string& method = call.request.method;
  if (method == "POST" && !call.path.empty()) {
    if (call.path[0] == "split") return split(call);
    if (call.path[0] == "burst") return burst(call);
    if (call.path[0] == "move") return move(call);
    if (call.path[0] == "cancel") return remove(call);
    throw control_fault(404, "no such control call");
  }
  if (method == "POST" || method == "PUT") return upsert(call);
  if (method == "PATCH") return patch(call);
  if (method == "DELETE") return remove(call);
  Calendar& calendar = call.calendar();
  return event_answer(calendar,
                      *find_target(calendar, call.path.empty() ? call.required("event_id") : call.path[0]).event);
}

}  // namespace calsync::emulator
