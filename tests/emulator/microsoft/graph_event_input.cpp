// SPDX-License-Identifier: Apache-2.0
#include "graph_event_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/emulator/clock.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t longest_transaction_id = 255, most_attendees = 500;

GraphError invalid(std::string message) { return bad_request("ErrorInvalidRequest", std::move(message)); }

void read_text(const JsonValue& body, std::string_view name, std::string& out) {
  const JsonValue* value = member(body, name);
  if (!value) return;
  if (value->IsNull())
    out.clear();
  else if (value->IsString())
    out.assign(value->GetString(), value->GetStringLength());
  else
    throw invalid(fmt::format("The value of {} must be a text.", name));
}

void read_flag(const JsonValue& body, std::string_view name, bool& out) {
  const JsonValue* value = member(body, name);
  if (!value || value->IsNull()) return;
  if (!value->IsBool()) throw invalid(fmt::format("The value of {} must be true or false.", name));
  out = value->GetBool();
}

template <std::size_t n>
void read_choice(const JsonValue& body, std::string_view name, const std::array<std::string_view, n>& choices,
                 std::string& out) {
  const JsonValue* value = member(body, name);
  if (!value || value->IsNull()) return;
  const std::string_view text = value->IsString() ? value->GetString() : "";
  const auto found =
      std::ranges::find_if(choices, [&](std::string_view choice) { return equal_ignoring_case(choice, text); });
  if (found == choices.end())
    throw bad_request("RequestBodyRead", fmt::format("Requested value '{}' of {} was not found.", text, name));
  out = *found;
}

bool read_moment(const JsonValue& body, std::string_view name, const Switches& switches, Moment& out) {
  const JsonValue* value = member(body, name);
  if (!value) return false;
  const auto parsed = parse_rfc3339(string_member(*value, "dateTime"));
  const auto date = parse_date(string_member(*value, "dateTime"));
  if (!parsed && !date)
    throw bad_request("ErrorPropertyValidationFailure", fmt::format("The value of {} is no time.", name));
  const std::string_view zone_name = string_member(*value, "timeZone");
  const Zone* zone = zone_name.empty() ? utc_zone() : outlook_zone(zone_name, switches.graph_iana_zones);
  if (!zone) throw unsupported_zone(zone_name);
  out.zone = zone;
  out.local = parsed ? parsed->local_seconds : *date;
  // A value with an offset names an instant, which is shown in the zone.
  if (parsed && parsed->utc_offset) {
    const std::int64_t utc = parsed->local_seconds - *parsed->utc_offset;
    out.local = utc + zone->offset_at(utc);
  }
  return true;
}

void read_body(const JsonValue& body, Content& content) {
  const JsonValue* value = member(body, "body");
  if (!value || !value->IsObject()) return;
  content.body_type = equal_ignoring_case(string_member(*value, "contentType", "text"), "html") ? "html" : "text";
  content.body = string_member(*value, "content");
}

std::string location_json(const JsonValue& value) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("displayName", string_member(value, "displayName"));
    object.text("locationType", string_member(value, "locationType", "default"));
    object.text_unless_empty("locationUri", string_member(value, "locationUri"));
    object.text_unless_empty("uniqueId", string_member(value, "displayName"));
    object.text("uniqueIdType", "private");
    const JsonValue* address = member(value, "address");
    object.raw("address", address && address->IsObject() ? json_text(*address) : "{}");
    const JsonValue* coordinates = member(value, "coordinates");
    object.raw("coordinates", coordinates && coordinates->IsObject() ? json_text(*coordinates) : "{}");
  }
  return out;
}

// location and locations are coupled: setting one replaces the other.
void read_places(const JsonValue& body, Content& content) {
  if (const JsonValue* list = member(body, "locations"); list && list->IsArray()) {
    content.locations = "[";
    content.location.clear();
    for (const JsonValue& each : list->GetArray()) {
      if (content.locations.size() > 1) content.locations += ',';
      content.locations += location_json(each);
      if (content.location.empty()) content.location = location_json(each);
    }
    content.locations += ']';
  }
  const JsonValue* one = member(body, "location");
  if (!one) return;
  const bool named = one->IsObject() && !string_member(*one, "displayName").empty();
  content.location = named ? location_json(*one) : "";
  content.locations = named ? "[" + content.location + "]" : "[]";
}

void read_attendees(const JsonValue& body, Content& content) {
  const JsonValue* list = member(body, "attendees");
  if (!list) return;
  content.attendees = "[";
  if (list->IsArray() && list->Size() > most_attendees) throw invalid("There are too many attendees.");
  static const JsonValue nobody(rapidjson::kArrayType);
  for (const JsonValue& each : (list->IsArray() ? *list : nobody).GetArray()) {
    const JsonValue* mail = member(each, "emailAddress");
    const std::string_view address = mail ? string_member(*mail, "address") : "";
    if (address.empty()) throw bad_request("ErrorInvalidRecipients", "An attendee has no address.");
    if (content.attendees.size() > 1) content.attendees += ',';
    ObjectWriter row(content.attendees);
    row.text("type", lower(string_member(each, "type", "required")));
    {
      const JsonValue* status = member(each, "status");
      ObjectWriter answer(row.key("status"));
      answer.text("response", status ? string_member(*status, "response", "none") : "none");
      answer.text("time", status ? string_member(*status, "time", "0001-01-01T00:00:00Z") : "0001-01-01T00:00:00Z");
    }
    ObjectWriter person(row.key("emailAddress"));
    person.text("name", string_member(*mail, "name", address));
    person.text("address", address);
  }
  content.attendees += ']';
}

void read_extras(const JsonValue& body, Content& content) {
  if (const JsonValue* list = member(body, "singleValueExtendedProperties"); list && list->IsArray())
    for (const JsonValue& each : list->GetArray()) {
      const std::string_view id = string_member(each, "id");
      if (id.empty()) throw invalid("An extended property has no id.");
      content.properties[std::string(id)] = string_member(each, "value");
    }
  const JsonValue* list = member(body, "extensions");
  if (!list || !list->IsArray()) return;
  for (const JsonValue& each : list->GetArray()) {
    const std::string_view name = string_member(each, "extensionName");
    if (name.empty()) throw invalid("An extension has no name.");
    std::string members;
    for (const auto& [key, value] : each.GetObject()) {
      const std::string_view text(key.GetString(), key.GetStringLength());
      if (text.starts_with('@') || text == "extensionName" || text == "id") continue;
      if (!members.empty()) members += ',';
      append_quoted(members, text);
      members += ':' + json_text(value);
    }
    content.extensions[std::string(name)] = std::move(members);
  }
}

void read_meeting(const JsonValue& body, Content& content, const Mailbox& owner) {
  const bool was_online = content.online;
  read_flag(body, "isOnlineMeeting", content.online);
  if (was_online) content.online = true;  // cannot be switched off
  if (!content.online || was_online) return;
  content.online_provider =
      string_member(body, "onlineMeetingProvider", owner.personal ? "unknown" : "teamsForBusiness");
  content.join_url = "https://teams.microsoft.com/l/meetup-join/" + random_guid();
}

// The dates of a range may be meant in another zone than the event's; they are kept in the event's.
void read_range_zone(Recurrence& rule, const Moment& start, const Switches& switches) {
  if (rule.zone_name.empty()) {
    rule.zone_name = windows_name(start.zone);
    return;
  }
  const Zone* zone = outlook_zone(rule.zone_name, switches.graph_iana_zones);
  if (!zone) throw unsupported_zone(rule.zone_name);
  const std::int64_t utc = start.utc();
  const std::int64_t day = Moment{utc + zone->offset_at(utc), zone}.day();
  if (rule.start_day != day || day == start.day()) return;
  rule.end_day += start.day() - day;
  rule.start_day = start.day();
  rule.zone_name = windows_name(start.zone);
}

void check_times(const Content& content) {
  if (content.start.utc() > content.end.utc())
    throw bad_request("ErrorPropertyValidationFailure", "The end of the event is before its start.");
  if (!content.all_day) return;
  for (const auto& [name, moment] : {std::pair{"Start", content.start}, {"End", content.end}})
    if (moment.local % 86400 != 0)
      throw invalid(fmt::format("The Event.{} property for an all-day event needs to be set to midnight.", name));
  if (content.start.zone != content.end.zone)
    throw invalid("The start and the end of an all-day event must be in one time zone.");
  if (content.end.local <= content.start.local)
    throw invalid("The duration of an all-day event must be a day at least.");
}

}  // namespace

EventInput read_event(const JsonValue& body, const Content& known, const std::optional<Recurrence>& series,
                      const Switches& switches, const Mailbox& owner) {
  EventInput input{known, series, false, false, {}};
  Content& content = input.content;
  read_text(body, "subject", content.subject);
  read_body(body, content);
  const bool starts = read_moment(body, "start", switches, content.start);
  const bool ends = read_moment(body, "end", switches, content.end);
  const bool was_all_day = content.all_day;
  read_flag(body, "isAllDay", content.all_day);
  input.moves = starts || ends || content.all_day != was_all_day;
  read_choice(body, "showAs",
              std::array<std::string_view, 6>{"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
              content.show_as);
  read_choice(body, "sensitivity", std::array<std::string_view, 4>{"normal", "personal", "private", "confidential"},
              content.sensitivity);
  read_choice(body, "importance", std::array<std::string_view, 3>{"low", "normal", "high"}, content.importance);
  read_places(body, content);
  read_attendees(body, content);
  read_extras(body, content);
  read_meeting(body, content, owner);
  if (const JsonValue* list = member(body, "categories"); list && list->IsArray())
    content.categories = json_text(*list);
  read_flag(body, "isReminderOn", content.reminder_on);
  read_flag(body, "responseRequested", content.response_requested);
  read_flag(body, "allowNewTimeProposals", content.allows_proposals);
  read_flag(body, "hideAttendees", content.hides_attendees);
  if (const auto minutes = int_member(body, "reminderMinutesBeforeStart")) content.reminder_minutes = *minutes;
  read_text(body, "transactionId", input.transaction_id);
  if (input.transaction_id.size() > longest_transaction_id) throw invalid("The transactionId is too long.");
  check_times(content);
  if (const JsonValue* value = member(body, "recurrence")) {
    input.moves = true;
    input.removes_recurrence = value->IsNull();
    input.recurrence.reset();
    if (!value->IsNull()) {
      Recurrence rule;
      if (const std::string fault = read_recurrence(*value, rule); !fault.empty())
        throw bad_request("ErrorInvalidRequest", fault);
      read_range_zone(rule, content.start, switches);
      input.recurrence = rule;
    }
  }
  if (input.recurrence && input.moves) {
    // The range begins with the event; a series whose start is no day of its pattern begins with the first that is.
    Recurrence& rule = *input.recurrence;
    if (starts && !member(body, "recurrence")) rule.start_day = content.start.day();
    if (rule.start_day != content.start.day())
      throw bad_request("ErrorPropertyValidationFailure", "The recurrence range must start on the day of the event.");
    const auto first =
        occurrence_days(rule, rule.start_day, rule.start_day + 36600, switches.graph_month_end != "skip", 1);
    if (first.empty()) throw bad_request("ErrorInvalidRequest", "The recurrence has no occurrence.");
    const std::int64_t shift = (first.front() - rule.start_day) * 86400;
    rule.start_day = first.front();
    content.start.local += shift;
    content.end.local += shift;
  }
  return input;
}

}  // namespace calsync::emulator::microsoft
