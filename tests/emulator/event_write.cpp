// SPDX-License-Identifier: Apache-2.0
// events.insert, import, patch, update, delete and move.
#include <algorithm>
#include <array>

#include "api_call.hpp"
#include "digest.hpp"
#include "event_input.hpp"
#include "event_lookup.hpp"

namespace calsync::emulator {
namespace {

using std::string_view_literals::operator""sv;

// What a guest may change on the own copy of somebody else's event; everything else belongs to the organizer.
constexpr std::array shared_fields{"summary"sv,
                                   "description"sv,
                                   "location"sv,
                                   "start"sv,
                                   "end"sv,
                                   "recurrence"sv,
                                   "guestsCanModify"sv,
                                   "guestsCanInviteOthers"sv,
                                   "guestsCanSeeOtherGuests"sv,
                                   "source"sv};
constexpr std::array read_only_fields{
    "kind"sv,    "etag"sv,       "id"sv,      "htmlLink"sv,         "created"sv,           "updated"sv,
    "creator"sv, "organizer"sv,  "iCalUID"sv, "recurringEventId"sv, "originalStartTime"sv, "hangoutLink"sv,
    "locked"sv,  "privateCopy"sv};

std::string new_event_id() { return base32hex_lower(random_bytes(16)); }

Response event_response(ApiCall& call, const CalendarListEntry& entry, const Event& event) {
  return resource_response(call.request, event_text(*entry.calendar, event, view_of(call, entry)), event.quoted_etag());
}

Json resource_of(const Calendar& calendar, const Event& event) {
  Json resource;
  parse_json(event_text(calendar, event, {calendar.zone, AccessRole::owner, -1}), resource);
  return resource;
}

bool same_member(const JsonValue& a, const JsonValue& b, std::string_view name) {
  const JsonValue* left = member(a, name);
  const JsonValue* right = member(b, name);
  return left && right ? *left == *right : !left == !right;
}

// The guests as the organizer sees them: everybody's address, without the answers.
std::vector<std::string_view> guest_list(const JsonValue& resource) {
  std::vector<std::string_view> guests;
  if (const JsonValue* attendees = member(resource, "attendees"); attendees && attendees->IsArray())
    for (const JsonValue& person : attendees->GetArray()) guests.push_back(string_member(person, "email"));
  std::ranges::sort(guests);
  return guests;
}

void require_organizer(const Calendar& calendar, const Event& before, const Event& after, bool guests_omitted) {
  if (before.organized_here || before.body.find("\"guestsCanModify\":true") != before.body.npos) return;
  const Json old_resource = resource_of(calendar, before), new_resource = resource_of(calendar, after);
  const bool same =
      std::ranges::all_of(shared_fields,
                          [&](std::string_view name) { return same_member(old_resource, new_resource, name); }) &&
      (guests_omitted || guest_list(old_resource) == guest_list(new_resource));
  if (!same)
    throw ApiError{403, "calendar", "forbiddenForNonOrganizer",
                   "Shared properties can only be changed by the organizer of the event."};
}

void check_precondition(const Request& request, const Event& event) {
  if (!request.if_match.empty() && !etag_matches(request.if_match, event.quoted_etag())) throw precondition_failed();
}

void remove_event(Calendar& calendar, Event& event) { calendar.cancel(event); }

// Lays a whole resource over the stored event.
void store(ApiCall& call, Calendar& calendar, Event& event, const JsonValue& resource, bool guests_omitted) {
  Event changed = event;
  if (string_member(resource, "status", "confirmed") == "cancelled") {
    if (!event.cancelled()) remove_event(calendar, event);
    return;
  }
  read_event(calendar, resource, people_of(event), Sender::client, changed);
  require_organizer(calendar, event, changed, guests_omitted);
  const bool revived = event.cancelled();
  if (revived && !event.organized_here) throw ApiError{403, "global", "forbidden", "Forbidden"};
  const bool retimed =
      changed.start != event.start || changed.end != event.end || changed.recurrence != event.recurrence;
  if (retimed && changed.sequence == event.sequence) ++changed.sequence;
  const bool series_changed =
      event.is_master() && (changed.start != event.start || changed.recurrence != event.recurrence);
  event = std::move(changed);
  if (revived) calendar.settle_revived(event);
  calendar.touch(event);
  if (series_changed) settle_exceptions(calendar, event, call.provider.settings.retimed_exceptions);
}

void drop_read_only(JsonValue& resource) {
  if (!resource.IsObject()) return;
  for (const std::string_view name : read_only_fields) resource.RemoveMember(std::string(name).c_str());
}

// Conference data counts only with conferenceDataVersion=1; otherwise a write leaves it as it is.
void settle_conference(const Request& request, JsonValue& resource, const JsonValue* stored, Json& owner) {
  if (request.query.get("conferenceDataVersion") == "1") return;
  resource.RemoveMember("conferenceData");
  if (!stored) return;
  if (const JsonValue* kept = member(*stored, "conferenceData"))
    set_member(resource, "conferenceData", JsonValue(*kept, owner.GetAllocator()), owner);
}

// The stored row that a write goes to. An occurrence gets one only after the write turned out to be acceptable.
struct WriteTarget {
  EventTarget found;
  Event draft;
};

WriteTarget write_target(ApiCall& call, Calendar& calendar) {
  WriteTarget target{find_target(calendar, call.event_id), {}};
  target.draft = *target.found.event;
  if (target.found.virtual_instance) {
    const Event& master = *target.found.event;
    target.draft.id = instance_id(master, target.found.seconds);
    target.draft.recurrence.clear();
    target.draft.recurring_event_id = master.id;
    target.draft.start = target.draft.original = master.start.moved_to(target.found.seconds);
    target.draft.end = master.end.moved_to(target.found.seconds + master.duration());
  }
  check_precondition(call.request, *target.found.event);
  return target;
}

Response commit(ApiCall& call, const CalendarListEntry& entry, WriteTarget& target, const JsonValue& resource,
                bool guests_omitted) {
  Calendar& calendar = *entry.calendar;
  if (!target.found.virtual_instance) {
    store(call, calendar, *target.found.event, resource, guests_omitted);
    return event_response(call, entry, *target.found.event);
  }
  Event trial = target.draft;
  if (string_member(resource, "status", "confirmed") != "cancelled") {
    read_event(calendar, resource, people_of(trial), Sender::client, trial);
    require_organizer(calendar, target.draft, trial, guests_omitted);
  }
  Event& exception = add_exception(calendar, *target.found.event, target.found.seconds);
  store(call, calendar, exception, resource, guests_omitted);
  return event_response(call, entry, exception);
}

void check_movable(const Calendar& calendar, const Event& event) {
  if (event.cancelled()) throw deleted();
  if (event.is_exception()) throw invalid_value("Cannot change the organizer of an instance.");
  if (!event.organized_here)
    throw ApiError{403, "calendar", "forbiddenForNonOrganizer", "Only the organizer can move the event."};
  if (string_member(resource_of(calendar, event), "eventType", "default") != "default")
    throw bad_request("Only events of the default type can be moved.");
}

// The destination organizes the event from now on; who created it stays.
EventPeople people_after_move(const Event& event, const Calendar& destination) {
  Json creator;
  parse_json(people_of(event).creator, creator);
  return people_of_new(destination, string_member(creator, "email"));
}

// A tombstone that an earlier move left behind is no obstacle.
Event& copy_event(const Calendar& source, const Event& event, Calendar& destination, const EventPeople& people) {
  auto copy = std::make_unique<Event>(event);
  read_event(destination, resource_of(source, event), people, Sender::control, *copy);
  copy->change = 0;
  copy->left_out_of = 0;  // which was a change of the source
  Event* old = destination.find(event.id);
  if (!old) return destination.add(std::move(copy));
  copy->change = old->change;
  copy->position = old->position;
  *old = std::move(*copy);
  destination.settle_revived(*old);
  destination.touch(*old);
  return *old;
}

}  // namespace

Response insert_event(ApiCall& call) {
  const CalendarListEntry& entry = writable_entry(call);
  Calendar& calendar = *entry.calendar;
  Json resource = body_of(call.request);
  settle_conference(call.request, resource, nullptr, resource);
  const std::string_view id = string_member(resource, "id");
  if (!id.empty() && !valid_client_id(id)) throw invalid_value("Invalid resource id value.");
  auto event = std::make_unique<Event>();
  read_event(calendar, resource, people_of_new(calendar, call.account.email), Sender::client, *event);
  // The id of a deleted event stays taken.
  if (!id.empty() && calendar.find(id)) throw duplicate_id();
  event->id = id.empty() ? new_event_id() : std::string(id);
  const std::string_view uid = string_member(resource, "iCalUID");
  event->ical_uid = uid.empty() ? event->id + "@google.com" : std::string(uid);
  return event_response(call, entry, calendar.add(std::move(event)));
}

Response import_event(ApiCall& call) {
  const CalendarListEntry& entry = writable_entry(call);
  Calendar& calendar = *entry.calendar;
  Json resource = body_of(call.request);
  settle_conference(call.request, resource, nullptr, resource);
  const std::string_view uid = string_member(resource, "iCalUID");
  if (uid.empty()) throw missing_field("Missing iCalUID.");
  const EventPeople people = people_of_import(calendar, call.account.email, resource);
  // The same UID again updates the private copy.
  for (Event* known : calendar.with_uid(uid)) {
    if (known->is_exception() || known->hidden) continue;
    Event changed = *known;
    changed.sequence = 0;
    read_event(calendar, resource, people, Sender::client, changed);
    *known = std::move(changed);
    calendar.touch(*known);
    return event_response(call, entry, *known);
  }
  auto event = std::make_unique<Event>();
  read_event(calendar, resource, people, Sender::client, *event);
  event->id = new_event_id();
  event->ical_uid = uid;
  return event_response(call, entry, calendar.add(std::move(event)));
}

Response patch_event(ApiCall& call) {
  const CalendarListEntry& entry = writable_entry(call);
  Json patch = body_of(call.request);
  WriteTarget target = write_target(call, *entry.calendar);
  if (target.draft.cancelled() && string_member(patch, "status") != "confirmed" &&
      string_member(patch, "status") != "tentative")
    throw ApiError{403, "global", "forbidden", "Forbidden"};
  drop_read_only(patch);
  settle_conference(call.request, patch, nullptr, patch);
  // A guest with an incomplete list changes only the own entry.
  const bool guests_omitted = bool_member(patch, "attendeesOmitted", false);
  Json resource = resource_of(*entry.calendar, target.draft);
  if (guests_omitted) {
    const JsonValue* sent = member(patch, "attendees");
    JsonValue merged(rapidjson::kArrayType);
    if (const JsonValue* old = member(resource, "attendees"); old && old->IsArray()) {
      for (const JsonValue& person : old->GetArray()) {
        JsonValue copy(person, resource.GetAllocator());
        if (sent && sent->IsArray())
          for (const JsonValue& change : sent->GetArray())
            if (string_member(change, "email") == string_member(person, "email")) merge_patch(copy, change, resource);
        merged.PushBack(copy, resource.GetAllocator());
      }
    }
    patch.RemoveMember("attendees");
    patch.RemoveMember("attendeesOmitted");
    set_member(resource, "attendees", std::move(merged), resource);
  }
  if (!member(patch, "sequence")) resource.RemoveMember("sequence");
  merge_patch(resource, patch, resource);
  return commit(call, entry, target, resource, guests_omitted);
}

Response update_event(ApiCall& call) {
  const CalendarListEntry& entry = writable_entry(call);
  Json resource = body_of(call.request);
  WriteTarget target = write_target(call, *entry.calendar);
  const Json stored = resource_of(*entry.calendar, target.draft);
  settle_conference(call.request, resource, &stored, resource);
  return commit(call, entry, target, resource, false);
}

Response delete_event(ApiCall& call) {
  const CalendarListEntry& entry = writable_entry(call);
  Calendar& calendar = *entry.calendar;
  const EventTarget target = find_target(calendar, call.event_id);
  if (!target.virtual_instance && target.event->cancelled()) throw deleted();
  check_precondition(call.request, *target.event);
  if (target.virtual_instance) {
    Event& exception = add_exception(calendar, *target.event, target.seconds);
    calendar.cancel(exception);
  } else {
    remove_event(calendar, *target.event);
  }
  return json_response(204, "");
}

Response move_event(ApiCall& call) {
  CalendarListEntry& entry = writable_entry(call);
  const std::string_view destination_id = call.request.query.get("destination");
  if (destination_id.empty())
    throw ApiError{400, "global", "required", "Required parameter: destination", "parameter", "destination"};
  CalendarListEntry* destination = call.account.entry(destination_id);
  if (!destination || destination->deleted) throw not_found();
  if (destination->role < AccessRole::writer_without_private_access)
    throw ApiError{403, "calendar", "requiredAccessLevel", "You need to have writer access to this calendar."};
  Event* event = entry.calendar->find(call.event_id);
  if (!event || event->hidden) throw not_found();
  check_movable(*entry.calendar, *event);
  const Event* taken = destination->calendar->find(event->id);
  if (taken && !taken->cancelled()) throw duplicate_id();
  const EventPeople people = people_after_move(*event, *destination->calendar);
  // Before the series is cancelled, which hides its exceptions.
  for (const Event* exception : entry.calendar->exceptions_of(event->id))
    if (!exception->hidden) copy_event(*entry.calendar, *exception, *destination->calendar, people);
  const Event& moved = copy_event(*entry.calendar, *event, *destination->calendar, people);
  entry.calendar->cancel(*event);
  return event_response(call, *destination, moved);
}

}  // namespace calsync::emulator
