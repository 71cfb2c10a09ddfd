// SPDX-License-Identifier: Apache-2.0
#include "event_json.hpp"

#include "clock.hpp"
#include "digest.hpp"

namespace calsync::emulator {
namespace {

std::string_view status_name(Event::Status status) {
  switch (status) {
    case Event::Status::confirmed:
      return "confirmed";
    case Event::Status::tentative:
      return "tentative";
    case Event::Status::cancelled:
      break;
  }
  return "cancelled";
}

void append_etag(ObjectWriter& object, const Event& event) { object.text("etag", event.quoted_etag()); }

// Readers see of a private event that it is there, and free/busy readers see no more of any event.
bool details_withheld(const Event& event, AccessRole role) {
  if (role == AccessRole::free_busy_reader) return true;
  return event.private_details && (role == AccessRole::reader || role == AccessRole::writer_without_private_access);
}

// Above the limit only the calendar's own entry is left.
std::string cut_attendees(const std::string& body, std::int64_t limit) {
  Json fields;
  if (body.find("\"attendees\":") == body.npos || !parse_json("{" + body + "}", fields)) return body;
  const auto found = fields.FindMember("attendees");
  if (found == fields.MemberEnd() || static_cast<std::int64_t>(found->value.Size()) <= limit) return body;
  JsonValue kept(rapidjson::kArrayType);
  for (JsonValue& attendee : found->value.GetArray())
    if (bool_member(attendee, "self", false)) kept.PushBack(attendee, fields.GetAllocator());
  found->value = kept;
  set_member(fields, "attendeesOmitted", JsonValue(true), fields);
  const std::string text = json_text(fields);
  return text.substr(1, text.size() - 2);
}

struct Occurrence {
  std::string id;
  EventTime start, end, original;
  std::string_view recurring_event_id;
};

void append_resource(std::string& out, const Calendar& calendar, const Event& event, const Occurrence& item,
                     const EventView& view, bool is_master) {
  ObjectWriter object(out);
  object.raw("kind", R"("calendar#event")");
  append_etag(object, event);
  object.text("id", item.id);
  object.text("status", status_name(event.status));
  object.text("htmlLink", "https://www.google.com/calendar/event?eid=" + base64url(item.id + ' ' + calendar.id));
  object.text("created", rfc3339_ms(event.created_ms));
  object.text("updated", rfc3339_ms(event.updated_ms));
  if (details_withheld(event, view.role)) {
    object.raw("visibility", R"("private")");
    if (event.transparent) object.raw("transparency", R"("transparent")");
  } else if (view.max_attendees >= 0) {
    object.members(cut_attendees(event.body, view.max_attendees));
  } else {
    object.members(event.body);
  }
  if (item.start.kind != EventTime::Kind::none) {
    append_event_time(object.key("start"), item.start, view.zone);
    append_event_time(object.key("end"), item.end, view.zone);
  }
  if (is_master) {
    std::string& lines = object.key("recurrence");
    lines += '[';
    for (std::size_t i = 0; i < event.recurrence.size(); ++i) {
      if (i > 0) lines += ',';
      append_quoted(lines, event.recurrence[i]);
    }
    lines += ']';
  }
  if (!item.recurring_event_id.empty()) {
    object.text("recurringEventId", item.recurring_event_id);
    append_event_time(object.key("originalStartTime"), item.original, view.zone);
  }
  object.text("iCalUID", event.ical_uid);
  object.number("sequence", event.sequence);
}

void append_tombstone_of(std::string& out, const Event& event, std::string_view id, std::string_view master_id,
                         const EventTime& original, const Zone* zone) {
  ObjectWriter object(out);
  object.raw("kind", R"("calendar#event")");
  append_etag(object, event);
  object.text("id", id);
  object.raw("status", R"("cancelled")");
  if (master_id.empty()) return;
  object.text("recurringEventId", master_id);
  append_event_time(object.key("originalStartTime"), original, zone);
}

}  // namespace

std::string instance_id(const Event& master, std::int64_t seconds) {
  return master.id + '_' + master.start.moved_to(seconds).id_suffix();
}

void append_event(std::string& out, const Calendar& calendar, const Event& event, const EventView& view) {
  append_resource(out, calendar, event, {event.id, event.start, event.end, event.original, event.recurring_event_id},
                  view, event.is_master());
}

void append_instance(std::string& out, const Calendar& calendar, const Event& master, std::int64_t seconds,
                     const EventView& view) {
  const EventTime start = master.start.moved_to(seconds);
  const EventTime end = master.end.moved_to(seconds + master.duration());
  append_resource(out, calendar, master, {instance_id(master, seconds), start, end, start, master.id}, view, false);
}

void append_tombstone(std::string& out, const Event& event, const Zone* zone) {
  append_tombstone_of(out, event, event.id, event.recurring_event_id, event.original, zone);
}

void append_instance_tombstone(std::string& out, const Event& master, std::int64_t seconds, const Zone* zone) {
  append_tombstone_of(out, master, instance_id(master, seconds), master.id, master.start.moved_to(seconds), zone);
}

std::string event_text(const Calendar& calendar, const Event& event, const EventView& view) {
  std::string text;
  append_event(text, calendar, event, view);
  return text;
}

}  // namespace calsync::emulator
