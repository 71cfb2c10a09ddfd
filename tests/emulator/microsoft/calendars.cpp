// SPDX-License-Identifier: Apache-2.0
// The user and the calendars ("Get a user", "List calendars", calendar resource type).
#include <fmt/format.h>

#include <algorithm>

#include "query_options.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {
namespace {

void append_calendar(std::string& out, const GraphCall& call, const Listing& row, std::string_view context = {}) {
  const Folder& folder = *row.folder;
  const bool own = &folder.mailbox == &call.user;
  ObjectWriter object(out);
  object.text_unless_empty("@odata.context", context);
  object.text("id", folder.id);
  object.text("name", folder.name);
  object.text("color", folder.color);
  object.text("hexColor", "");
  object.boolean("isDefaultCalendar", own && folder.standard);
  object.text("changeKey", change_key_text(folder.mailbox, folder.change_key));
  object.boolean("canShare", own);
  object.boolean("canViewPrivateItems", own);
  object.boolean("canEdit", row.can_edit);
  object.raw("allowedOnlineMeetingProviders", call.user.personal ? "[]" : R"(["teamsForBusiness"])");
  object.text("defaultOnlineMeetingProvider", call.user.personal ? "unknown" : "teamsForBusiness");
  object.boolean("isTallyingResponses", own && folder.standard);
  object.boolean("isRemovable", !(own && folder.standard));
  ObjectWriter owner(object.key("owner"));
  owner.text("name", folder.mailbox.name.empty() ? folder.mailbox.email : folder.mailbox.name);
  owner.text("address", folder.mailbox.email);
}

std::string context_of(const GraphCall& call, std::string_view what) {
  return fmt::format("{}/$metadata#users('{}')/{}", call.root(), call.user.id, what);
}

Response calendar_answer(const GraphCall& call, const Listing& row, unsigned status) {
  std::string body;
  append_calendar(body, call, row, context_of(call, "calendars/$entity"));
  return graph_json(status, selected_members(std::move(body), call.request.query.get("$select")));
}

}  // namespace

Response get_me(GraphCall& call) {
  const Mailbox& user = call.user;
  const std::size_t space = user.name.find(' ');
  std::string body;
  {
    ObjectWriter object(body);
    object.text("@odata.context", call.root() + "/$metadata#users/$entity");
    object.raw("businessPhones", "[]");
    object.text("displayName", user.name.empty() ? user.email : user.name);
    object.text("givenName", user.name.substr(0, space));
    object.raw("jobTitle", "null");
    // Personal accounts often have none.
    if (user.personal)
      object.raw("mail", "null");
    else
      object.text("mail", user.email);
    object.raw("mobilePhone", "null");
    object.raw("officeLocation", "null");
    object.text("preferredLanguage", "en-US");
    object.text("surname", space == user.name.npos ? "" : user.name.substr(space + 1));
    object.text("userPrincipalName", user.email);
    object.text("id", user.id);
  }
  return graph_json(200, selected_members(std::move(body), call.request.query.get("$select")));
}

Response get_mailbox_settings(GraphCall& call) {
  listing_of(call);
  std::string body;
  {
    ObjectWriter object(body);
    object.text("@odata.context", context_of(call, "mailboxSettings"));
    if (call.rest == "timeZone") {
      object.text("value", windows_name(call.user.zone));
    } else {
      object.text("timeZone", windows_name(call.user.zone));
      object.text("dateFormat", "yyyy-MM-dd");
      object.text("timeFormat", "HH:mm");
      object.raw("language", R"json({"locale":"en-US","displayName":"English (United States)"})json");
      ObjectWriter hours(object.key("workingHours"));
      hours.raw("daysOfWeek", R"(["monday","tuesday","wednesday","thursday","friday"])");
      hours.text("startTime", "08:00:00.0000000");
      hours.text("endTime", "17:00:00.0000000");
      ObjectWriter zone(hours.key("timeZone"));
      zone.text("name", windows_name(call.user.zone));
    }
  }
  return graph_json(200, selected_members(std::move(body), call.request.query.get("$select")));
}

Response list_calendars(GraphCall& call) {
  listing_of(call);
  std::vector<const Listing*> rows;
  for (const Listing& row : call.user.listings)
    if (!row.folder->removed) rows.push_back(&row);
  for (const std::string_view option : {"$filter", "$orderby", "$search"})
    if (call.request.query.has(option))
      throw bad_request("ErrorInvalidUrlQuery", fmt::format("The query option {} is not supported here.", option));
  const PageOptions page = page_options(call);
  const std::size_t first = std::min(rows.size(), static_cast<std::size_t>(page.skip));
  const std::size_t last = std::min(rows.size(), first + static_cast<std::size_t>(page.top));
  std::string values;
  for (std::size_t i = first; i < last; ++i) {
    if (!values.empty()) values += ',';
    std::string json;
    append_calendar(json, call, *rows[i]);
    values += selected_members(std::move(json), call.request.query.get("$select"));
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.text("@odata.context", context_of(call, "calendars"));
    object.raw("value", "[" + values + "]");
    if (last < rows.size()) object.text("@odata.nextLink", next_page_link(call, page.skip + page.top));
  }
  return graph_json(200, std::move(body));
}

Response get_calendar(GraphCall& call) { return calendar_answer(call, listing_of(call), 200); }

Response create_calendar(GraphCall& call) {
  const Json body = graph_body(call.request);
  const std::string name(string_member(body, "name"));
  if (name.empty()) throw bad_request("ErrorInvalidParameter", "The name of the calendar is missing.");
  for (const Listing& row : call.user.listings)
    if (!row.folder->removed && row.folder->name == name)
      throw GraphError{409, "ErrorFolderExists", "A folder with the specified name already exists."};
  call.user.add_folder(name).color = string_member(body, "color", "auto");
  return calendar_answer(call, call.user.listings.back(), 201);
}

Response patch_calendar(GraphCall& call) {
  Listing& row = writable_listing(call);
  const Json body = graph_body(call.request);
  if (const std::string_view name = string_member(body, "name"); !name.empty()) row.folder->name = name;
  if (const std::string_view color = string_member(body, "color"); !color.empty()) row.folder->color = color;
  row.folder->change_key = next_etag();
  return calendar_answer(call, row, 200);
}

Response delete_calendar(GraphCall& call) {
  const Listing row = writable_listing(call);
  if (row.folder->standard) throw bad_request("ErrorInvalidRequest", "The default calendar cannot be deleted.");
  row.folder->removed = true;
  return graph_json(204, "");
}

Response list_calendar_groups(GraphCall& call) {
  listing_of(call);
  const std::string id = folder_id(call.user, 1000000);
  return graph_json(
      200,
      fmt::format(
          R"({{"@odata.context":"{}","value":[{{"id":"{}","name":"My Calendars","classId":"0006f0b7-0000-0000-c000-000000000046","changeKey":"{}"}}]}})",
          context_of(call, "calendarGroups"), id, change_key_text(call.user, 1)));
}

std::string collection_json(const GraphCall& call, std::string_view type, std::string_view values) {
  std::string body;
  {
    ObjectWriter object(body);
    object.text("@odata.context", fmt::format("{}/$metadata#Collection({})", call.root(), type));
    object.raw("value", fmt::format("[{}]", values));
  }
  return body;
}

// From usual ids to immutable ones and back ("translateExchangeIds").
Response translate_ids(GraphCall& call) {
  const Json body = graph_body(call.request);
  const JsonValue* inputs = member(body, "inputIds");
  if (!inputs || !inputs->IsArray() || inputs->Size() > 1000)
    throw bad_request("ErrorInvalidParameter", "inputIds must be a list of up to 1000 ids.");
  const bool immutable = equal_ignoring_case(string_member(body, "targetIdType"), "restImmutableEntryId");
  std::string values;
  for (const JsonValue& input : inputs->GetArray()) {
    const auto ref = input.IsString() ? read_item_id(input.GetString()) : std::nullopt;
    const Item* item = ref && ref->of(call.user) ? call.user.find(ref->key) : nullptr;
    if (!item) continue;
    if (!values.empty()) values += ',';
    ObjectWriter row(values);
    row.text("sourceId", input.GetString());
    row.text("targetId", item_id(*item->folder, *item, immutable, ref->day));
  }
  return graph_json(200, collection_json(call, "microsoft.graph.convertIdResult", values));
}

}  // namespace calsync::emulator::microsoft
