// SPDX-License-Identifier: Apache-2.0
#include "graph_ics_content.hpp"

#include "tests/emulator/control.hpp"
#include "tests/emulator/event_time.hpp"

namespace calsync::emulator::microsoft {
namespace {

Moment moment_of(const JsonValue& resource, std::string_view name, bool& all_day) {
  const JsonValue* value = member(resource, name);
  EventTime time;
  bool named = false;
  if (!value || read_event_time(value, utc_zone(), time, named)) throw control_fault(400, "no time");
  all_day = time.is_date();
  const Zone* zone = time.zone ? time.zone : utc_zone();
  return {all_day ? time.seconds : time.seconds + zone->offset_at(time.seconds), zone};
}

std::string location_of(std::string_view text) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("displayName", text);
    object.text("locationType", "default");
    object.text("uniqueId", text);
    object.text("uniqueIdType", "private");
    object.raw("address", "{}");
    object.raw("coordinates", "{}");
  }
  return out;
}

std::string attendees_of(const JsonValue& list) {
  std::string rows = "[";
  for (const JsonValue& each : list.GetArray()) {
    const std::string_view answer = string_member(each, "responseStatus"), email = string_member(each, "email");
    if (rows.size() > 1) rows += ',';
    ObjectWriter row(rows);
    row.text("type", bool_member(each, "resource", false)   ? "resource"
                     : bool_member(each, "optional", false) ? "optional"
                                                            : "required");
    {
      ObjectWriter status(row.key("status"));
      status.text("response", answer == "tentative"                          ? "tentativelyAccepted"
                              : answer == "accepted" || answer == "declined" ? answer
                                                                             : "none");
      status.text("time", "0001-01-01T00:00:00Z");
    }
    ObjectWriter person(row.key("emailAddress"));
    person.text("name", string_member(each, "displayName", email));
    person.text("address", email);
  }
  return rows + "]";
}

}  // namespace

Content ics_content(const JsonValue& resource, const Mailbox& owner) {
  Content content;
  bool ends_all_day = false;
  content.start = moment_of(resource, "start", content.all_day);
  content.end = moment_of(resource, "end", ends_all_day);
  if (content.all_day && content.end.local <= content.start.local) content.end.local = content.start.local + 86400;
  content.subject = string_member(resource, "summary");
  content.body = string_member(resource, "description");
  content.body_type = "text";
  const std::string_view visibility = string_member(resource, "visibility");
  if (visibility == "private" || visibility == "confidential") content.sensitivity = visibility;
  const std::string_view status = string_member(resource, "status");
  content.cancelled = status == "cancelled";
  content.show_as = string_member(resource, "transparency") == "transparent" ? "free"
                    : status == "tentative"                                  ? "tentative"
                                                                             : "busy";
  if (const std::string_view place = string_member(resource, "location"); !place.empty()) {
    content.location = location_of(place);
    content.locations = "[" + content.location + "]";
  }
  if (const JsonValue* list = member(resource, "attendees"); list && list->IsArray())
    content.attendees = attendees_of(*list);
  if (const JsonValue* organizer = member(resource, "organizer")) {
    content.organizer_address = string_member(*organizer, "email");
    content.organizer_name = string_member(*organizer, "displayName", content.organizer_address);
    content.organized_here = equal_ignoring_case(content.organizer_address, owner.email);
    if (!content.organized_here) content.response = "notResponded";
  }
  return content;
}

}  // namespace calsync::emulator::microsoft
