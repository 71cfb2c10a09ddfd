// SPDX-License-Identifier: Apache-2.0
// calendarList.*
#include <fmt/format.h>

#include <algorithm>

#include "api_call.hpp"
#include "digest.hpp"
#include "list_token.hpp"

namespace calsync::emulator {
namespace {

// `email`: whose list it is on.
void append_entry(std::string& out, const CalendarListEntry& entry, std::string_view email) {
  const Calendar& calendar = *entry.calendar;
  ObjectWriter object(out);
  object.raw("kind", R"("calendar#calendarListEntry")");
  object.text("etag", fmt::format("\"{}\"", entry.etag));
  object.text("id", calendar.id);
  if (entry.deleted) {
    object.boolean("deleted", true);
    return;
  }
  object.text("summary", calendar.summary);
  object.text_unless_empty("description", calendar.description);
  object.text_unless_empty("location", calendar.location);
  object.text("timeZone", calendar.zone->name());
  if (!calendar.primary) object.text_unless_empty("dataOwner", calendar.data_owner);
  object.text_unless_empty("summaryOverride", entry.summary_override);
  object.text("colorId", entry.color_id);
  object.text("backgroundColor", entry.background_color.empty() ? "#9fe1e7" : entry.background_color);
  object.text("foregroundColor", entry.foreground_color.empty() ? "#000000" : entry.foreground_color);
  if (entry.hidden) object.boolean("hidden", true);
  if (entry.selected) object.boolean("selected", true);
  object.text("accessRole", role_name(entry.role));
  object.raw("defaultReminders", calendar.primary ? R"([{"method":"popup","minutes":10}])" : "[]");
  if (calendar.primary && calendar.id == email) object.boolean("primary", true);
  object.raw("conferenceProperties", R"({"allowedConferenceSolutionTypes":["hangoutsMeet"]})");
}

Response entry_response(ApiCall& call, const CalendarListEntry& entry) {
  std::string body;
  append_entry(body, entry, call.account.email);
  return resource_response(call.request, std::move(body), fmt::format("\"{}\"", entry.etag));
}

struct EntryList {
  bool show_deleted = false, show_hidden = false;
  AccessRole least_role = AccessRole::free_busy_reader;
  std::uint64_t since = 0;
};

EntryList read_entry_list(ApiCall& call, std::uint64_t owner) {
  const Request& request = call.request;
  EntryList list;
  list.show_deleted = bool_parameter(request, "showDeleted", false);
  list.show_hidden = bool_parameter(request, "showHidden", false);
  if (const std::string* role = request.query.find("minAccessRole"); role && !role->empty()) {
    const auto least = role_from_name(*role);
    if (!least) throw invalid_parameter("minAccessRole", fmt::format("Invalid string value: '{}'.", *role));
    list.least_role = *least;
  }
  const std::string_view text = request.query.get("syncToken");
  if (text.empty()) return list;
  // With a sync token deleted and hidden entries are always in the answer and must not be refused.
  const bool restricted = request.query.has("minAccessRole") || request.query.has("showOwnOrganizationOnly") ||
                          request.query.get("showDeleted") == "false" || request.query.get("showHidden") == "false";
  if (restricted) throw bad_request("Sync token cannot be used with other request restrictions");
  const auto token = decode_token(text);
  if (!token || token->is_page) {
    if (call.provider.settings.malformed_sync_token == "410") throw full_sync_required();
    throw ApiError{400, "global", "invalid", "Invalid sync token value.", "parameter", "syncToken"};
  }
  if (token->owner != owner || token->epoch != call.account.list_token_epoch) throw full_sync_required();
  list.since = token->since + 1;
  list.show_deleted = list.show_hidden = true;
  return list;
}

}  // namespace

Response list_calendar_list(ApiCall& call) {
  Account& account = call.account;
  const Settings& settings = call.provider.settings;
  ListToken token;
  token.owner = fnv1a("calendarList", fnv1a(account.sub));
  token.epoch = account.list_token_epoch;
  token.snapshot = account.last_change();
  const EntryList list = read_entry_list(call, token.owner);
  token.since = list.since;
  if (const std::string_view text = call.request.query.get("pageToken"); !text.empty()) {
    const auto page = decode_token(text);
    if (!page || !page->is_page || page->owner != token.owner || page->since != token.since)
      throw ApiError{400, "global", "invalid", "Invalid page token value.", "parameter", "pageToken"};
    token = *page;
  }
  std::size_t size = static_cast<std::size_t>(
      std::min<std::int64_t>(int_parameter(call.request, "maxResults", 100, 1, INT32_MAX), 250));
  if (settings.short_pages > 0) size = std::min(size, static_cast<std::size_t>(settings.short_pages));
  if (token.page <= static_cast<std::uint64_t>(settings.empty_pages)) size = 0;

  std::string items;
  std::size_t taken = 0;
  bool more = false;
  const auto& entries = account.entries();
  for (std::size_t i = token.major; i < entries.size() && !more; ++i) {
    const CalendarListEntry& entry = *entries[i];
    if (list.since > 0 && entry.change < list.since) continue;
    if ((entry.deleted && !list.show_deleted) || (entry.hidden && !list.show_hidden) || entry.role < list.least_role)
      continue;
    if (taken >= size) {
      more = true;
      token.major = i;
      break;
    }
    if (taken++ > 0) items += ',';
    append_entry(items, entry, call.account.email);
  }
  const std::string etag = fmt::format("\"p{}-{}\"", account.list_token_epoch, account.last_change());
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#calendarList")");
    object.text("etag", etag);
    if (more) {
      token.is_page = true;
      ++token.page;
      object.text("nextPageToken", encode_token(token));
    } else {
      ListToken next;
      next.owner = token.owner;
      next.epoch = account.list_token_epoch;
      next.since = token.snapshot;
      object.text("nextSyncToken", encode_token(next));
    }
    object.raw("items", "[" + items + "]");
  }
  return resource_response(call.request, std::move(body), etag);
}

Response get_calendar_list_entry(ApiCall& call) { return entry_response(call, accessible_entry(call)); }

Response insert_calendar_list_entry(ApiCall& call) {
  const Json resource = body_of(call.request);
  const std::string_view id = string_member(resource, "id");
  if (id.empty()) throw missing_field("Missing calendar id.");
  Calendar* calendar = call.provider.find_calendar(id == "primary" ? std::string_view(call.account.email) : id);
  CalendarListEntry* known = call.account.entry(id);
  // Only what was shared with the account before can be put (back) on its list.
  if (!calendar || calendar->removed || !known) throw not_found();
  CalendarListEntry& entry = call.account.add_entry(*calendar, known->role);
  return entry_response(call, entry);
}

Response patch_calendar_list_entry(ApiCall& call) {
  CalendarListEntry& entry = accessible_entry(call);
  const Json patch = body_of(call.request);
  if (const JsonValue* title = member(patch, "summaryOverride"))
    entry.summary_override = title->IsString() ? title->GetString() : "";
  if (const JsonValue* color = member(patch, "colorId"); color && color->IsString())
    entry.color_id = color->GetString();
  entry.hidden = bool_member(patch, "hidden", entry.hidden);
  entry.selected = bool_member(patch, "selected", entry.selected);
  call.account.touch(entry);
  return entry_response(call, entry);
}

Response delete_calendar_list_entry(ApiCall& call) {
  CalendarListEntry& entry = accessible_entry(call);
  if (entry.calendar->primary) throw ApiError{403, "global", "forbidden", "Forbidden"};
  entry.deleted = true;
  call.account.touch(entry);
  return json_response(204, "");
}

}  // namespace calsync::emulator
