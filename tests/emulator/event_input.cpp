// SPDX-License-Identifier: Apache-2.0
#include "event_input.hpp"

#include <algorithm>
#include <array>

#include "recurrence.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array text_fields{"summary"sv, "description"sv, "location"sv, "colorId"sv, "hangoutLink"sv};
constexpr std::array switch_fields{"anyoneCanAddSelf"sv, "guestsCanModify"sv, "privateCopy"sv,
                                   "locked"sv};                                             // false is left out
constexpr std::array guest_fields{"guestsCanInviteOthers"sv, "guestsCanSeeOtherGuests"sv};  // true is left out
constexpr std::array kept_fields{"conferenceData"sv,
                                 "gadget"sv,
                                 "source"sv,
                                 "attachments"sv,
                                 "birthdayProperties"sv,
                                 "focusTimeProperties"sv,
                                 "outOfOfficeProperties"sv,
                                 "workingLocationProperties"sv};
constexpr std::array event_types{"default"sv,     "birthday"sv,        "focusTime"sv,
                                 "outOfOffice"sv, "workingLocation"sv, "fromGmail"sv};
constexpr std::size_t longest_property_name = 44, longest_property_value = 1024;

template <std::size_t n>
bool among(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

void read_time(const Calendar& calendar, const JsonValue& resource, std::string_view name, EventTime& out,
               bool& named_zone) {
  const std::string label = name == "start" ? "start" : "end";
  const auto fault = read_event_time(member(resource, name), calendar.zone, out, named_zone);
  if (!fault) return;
  switch (*fault) {
    case TimeFault::missing:
      throw missing_field("Missing " + label + " time.");
    case TimeFault::missing_zone:
      throw missing_field("Missing time zone definition for " + label + " time.");
    case TimeFault::unknown_zone:
      throw invalid_value("Invalid time zone definition for " + label + " time.");
    case TimeFault::malformed:
      throw invalid_value("Invalid " + label + " time.");
  }
}

void read_times(const Calendar& calendar, const JsonValue& resource, Event& event, bool& named_zone) {
  bool end_named = false;
  EventTime start, end;
  read_time(calendar, resource, "start", start, named_zone);
  read_time(calendar, resource, "end", end, end_named);
  if (start.kind != end.kind) throw invalid_value("Start and end times must either both be date or both be dateTime.");
  if (end.seconds < start.seconds) throw time_range_empty();
  // A one-day event that names its own day as the end: many clients write it, and it is shown as one day.
  if (start.is_date() && end.seconds == start.seconds) end.seconds += 86400;
  event.start = start;
  event.end = end;
}

void read_recurrence(const JsonValue& resource, bool named_zone, Event& event) {
  std::vector<std::string> lines;
  if (const JsonValue* value = member(resource, "recurrence"); value && !value->IsNull()) {
    if (!value->IsArray()) throw invalid_value("Invalid recurrence rule.");
    for (const JsonValue& line : value->GetArray()) {
      if (!line.IsString()) throw invalid_value("Invalid recurrence rule.");
      lines.emplace_back(line.GetString(), line.GetStringLength());
      if (!recurrence_line_fault(lines.back(), event.start.is_date()).empty())
        throw invalid_value("Invalid recurrence rule.");
    }
  }
  if (!lines.empty() && event.is_exception())
    throw invalid_value("Recurring event instances cannot have a recurrence of their own.");
  if (!lines.empty() && !event.start.is_date() && !named_zone)
    throw missing_field("Missing time zone definition for start time.");
  event.recurrence = std::move(lines);
}

void append_attendees(ObjectWriter& object, const Calendar& calendar, const JsonValue& attendees,
                      std::string_view organizer) {
  if (!attendees.IsArray()) throw invalid_value("Invalid attendees.");
  if (attendees.Empty()) return;
  std::string& out = object.key("attendees");
  out += '[';
  for (const JsonValue& attendee : attendees.GetArray()) {
    const std::string_view email = string_member(attendee, "email");
    if (email.empty()) throw missing_field("Missing attendee email.");
    if (email.find('@') == email.npos) throw invalid_value("Invalid attendee email.");
    const std::string_view answer = string_member(attendee, "responseStatus", "needsAction");
    if (answer != "needsAction" && answer != "declined" && answer != "tentative" && answer != "accepted")
      throw invalid_value("Invalid attendee response status.");
    if (out.back() == '}') out += ',';
    ObjectWriter row(out);
    row.text("email", email);
    row.text_unless_empty("id", string_member(attendee, "id"));
    row.text_unless_empty("displayName", string_member(attendee, "displayName"));
    if (equal_ignoring_case(email, organizer)) row.boolean("organizer", true);
    if (equal_ignoring_case(email, calendar.id)) row.boolean("self", true);
    for (const std::string_view name : {"resource"sv, "optional"sv})
      if (bool_member(attendee, name, false)) row.boolean(name, true);
    row.text("responseStatus", answer);
    row.text_unless_empty("comment", string_member(attendee, "comment"));
    if (const auto guests = int_member(attendee, "additionalGuests"); guests && *guests > 0)
      row.number("additionalGuests", *guests);
  }
  out += ']';
}

// Longer names are dropped and longer values cut.
void append_properties(ObjectWriter& object, const JsonValue& properties) {
  std::string text;
  bool any = false;
  {
    ObjectWriter both(text);
    for (const std::string_view side : {"private"sv, "shared"sv}) {
      const JsonValue* map = member(properties, side);
      if (!map || !map->IsObject() || map->ObjectEmpty()) continue;
      any = true;
      ObjectWriter row(both.key(side));
      for (const auto& [name, value] : map->GetObject()) {
        const std::string_view key(name.GetString(), name.GetStringLength());
        if (!value.IsString() || key.size() > longest_property_name) continue;
        std::string quoted_key;
        append_quoted(quoted_key, key);
        std::string_view content(value.GetString(), value.GetStringLength());
        content = content.substr(0, longest_property_value);
        while (!valid_utf8(content)) content.remove_suffix(1);
        row.text(std::string_view(quoted_key).substr(1, quoted_key.size() - 2), content);
      }
    }
  }
  if (any) object.raw("extendedProperties", text);
}

std::string organizer_email(const std::string& organizer) {
  Json parsed;
  return parse_json(organizer, parsed) ? std::string(string_member(parsed, "email")) : "";
}

void append_guests_and_flags(ObjectWriter& object, const Calendar& calendar, const JsonValue& resource,
                             const EventPeople& people) {
  if (const JsonValue* attendees = member(resource, "attendees"); attendees && !attendees->IsNull())
    append_attendees(object, calendar, *attendees, organizer_email(people.organizer));
  if (const JsonValue* properties = member(resource, "extendedProperties")) append_properties(object, *properties);
  for (const std::string_view name : switch_fields)
    if (bool_member(resource, name, false)) object.boolean(name, true);
  for (const std::string_view name : guest_fields)
    if (!bool_member(resource, name, true)) object.boolean(name, false);
  for (const std::string_view name : kept_fields)
    if (const JsonValue* value = member(resource, name); value && !value->IsNull())
      append_json(object.key(name), *value);
  const JsonValue* reminders = member(resource, "reminders");
  if (reminders && reminders->IsObject()) {
    append_json(object.key("reminders"), *reminders);
  } else {
    object.raw("reminders", R"({"useDefault":true})");
  }
}

std::string body_of(const Calendar& calendar, const JsonValue& resource, const EventPeople& people, Event& event) {
  std::string text;
  {
    ObjectWriter object(text);
    for (const std::string_view name : text_fields) {
      const JsonValue* value = member(resource, name);
      if (!value || value->IsNull()) continue;
      if (!value->IsString()) throw invalid_value("Invalid value for: " + std::string(name));
      object.text_unless_empty(name, string_member(resource, name));
    }
    object.raw("creator", people.creator);
    object.raw("organizer", people.organizer);
    const std::string_view transparency = string_member(resource, "transparency", "opaque");
    if (transparency != "opaque" && transparency != "transparent") throw invalid_value("Invalid transparency.");
    event.transparent = transparency == "transparent";
    if (event.transparent) object.text("transparency", transparency);
    const std::string_view visibility = string_member(resource, "visibility", "default");
    if (visibility != "default" && visibility != "public" && visibility != "private" && visibility != "confidential")
      throw invalid_value("Invalid visibility.");
    event.private_details = visibility == "private" || visibility == "confidential";
    if (visibility != "default") object.text("visibility", visibility);
    append_guests_and_flags(object, calendar, resource, people);
    const std::string_view type = string_member(resource, "eventType", "default");
    if (!among(event_types, type)) throw invalid_value("Invalid event type.");
    if (type == "birthday" && member(resource, "extendedProperties"))
      throw bad_request("'birthday' event type must not have private extended properties.");
    event.working_location = type == "workingLocation";
    object.text("eventType", type);
  }
  return text.substr(1, text.size() - 2);
}

}  // namespace

EventPeople people_of_new(const Calendar& calendar, std::string_view account_email) {
  EventPeople people;
  {
    ObjectWriter creator(people.creator);
    creator.text("email", account_email);
    if (account_email == calendar.id) creator.boolean("self", true);
  }
  {
    ObjectWriter organizer(people.organizer);
    organizer.text("email", calendar.id);
    if (!calendar.primary) organizer.text("displayName", calendar.summary);
    organizer.boolean("self", true);
  }
  return people;
}

EventPeople people_of(const Event& event) {
  EventPeople people{"{}", "{}", event.organized_here};
  Json fields;
  if (!parse_json("{" + event.body + "}", fields)) return people;
  if (const JsonValue* creator = member(fields, "creator")) people.creator = json_text(*creator);
  if (const JsonValue* organizer = member(fields, "organizer")) people.organizer = json_text(*organizer);
  return people;
}

EventPeople people_of_import(const Calendar& calendar, std::string_view account_email, const JsonValue& resource) {
  EventPeople people = people_of_new(calendar, account_email);
  const JsonValue* named = member(resource, "organizer");
  const std::string_view email = named ? string_member(*named, "email") : "";
  if (email.empty() || equal_ignoring_case(email, calendar.id)) return people;
  people.organizer.clear();
  people.organized_here = false;
  {
    ObjectWriter organizer(people.organizer);
    organizer.text("email", email);
    organizer.text_unless_empty("displayName", string_member(*named, "displayName"));
  }
  return people;
}

void read_event(const Calendar& calendar, const JsonValue& resource, const EventPeople& people, Sender sender,
                Event& event) {
  const std::string_view status = string_member(resource, "status", "confirmed");
  if (status != "confirmed" && status != "tentative" && status != "cancelled")
    throw invalid_value("Invalid status value.");
  if (const auto sequence = int_member(resource, "sequence")) {
    if (*sequence < event.sequence && sender == Sender::client)
      throw invalid_value(
          "Invalid sequence value. The specified sequence number is below the current sequence number of the "
          "resource.");
    event.sequence = *sequence;
  }
  bool named_zone = false;
  const bool timeless = status == "cancelled" && !member(resource, "start");
  if (!timeless) {
    read_times(calendar, resource, event, named_zone);
    read_recurrence(resource, named_zone, event);
  }
  event.body = body_of(calendar, resource, people, event);
  event.organized_here = people.organized_here;
  event.status = status == "confirmed"   ? Event::Status::confirmed
                 : status == "tentative" ? Event::Status::tentative
                                         : Event::Status::cancelled;
}

bool valid_client_id(std::string_view id) {
  return id.size() >= 5 && id.size() <= 1024 && id.find_first_not_of("0123456789abcdefghijklmnopqrstuv") == id.npos;
}

}  // namespace calsync::emulator
