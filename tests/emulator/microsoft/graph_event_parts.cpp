// SPDX-License-Identifier: Apache-2.0
#include "graph_event_parts.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::size_t most_attendees = 500;

GraphError invalid(std::string message) { return bad_request("ErrorInvalidRequest", std::move(message)); }

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

}  // namespace

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

}  // namespace calsync::emulator::microsoft
