// SPDX-License-Identifier: Apache-2.0
// calendars.get, insert, patch, update and delete.
#include <fmt/format.h>

#include "api_call.hpp"
#include "digest.hpp"

namespace calsync::emulator {
namespace {

Response calendar_response(ApiCall& call, const Calendar& calendar) {
  const std::string etag = fmt::format("\"{}\"", calendar.etag);
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#calendar")");
    object.text("etag", etag);
    object.text("id", calendar.id);
    object.text("summary", calendar.summary);
    object.text_unless_empty("description", calendar.description);
    object.text_unless_empty("location", calendar.location);
    object.text("timeZone", calendar.zone->name());
    if (!calendar.primary) object.text_unless_empty("dataOwner", calendar.data_owner);
    object.raw("conferenceProperties", R"({"allowedConferenceSolutionTypes":["hangoutsMeet"]})");
  }
  return resource_response(call.request, std::move(body), etag);
}

const Zone* zone_member(const JsonValue& resource, const Zone* otherwise) {
  const std::string_view name = string_member(resource, "timeZone");
  if (name.empty()) return otherwise;
  const Zone* zone = find_zone(name);
  if (!zone) throw invalid_value("Invalid time zone.");
  return zone;
}

// What a resource names; with `whole` what it leaves out is reset. Nothing has changed when it is refused.
void apply(const JsonValue& resource, bool whole, Calendar& calendar) {
  const bool titled = !string_member(resource, "summary").empty();
  if (!titled && (whole || member(resource, "summary"))) throw missing_field("Missing title.");
  calendar.zone = zone_member(resource, calendar.zone);
  if (titled) calendar.summary = string_member(resource, "summary");
  if (whole || member(resource, "description")) calendar.description = string_member(resource, "description");
  if (whole || member(resource, "location")) calendar.location = string_member(resource, "location");
}

// These changes do not show in anybody's calendar list delta.
Response change_calendar(ApiCall& call, bool whole) {
  const CalendarListEntry& entry = accessible_entry(call);
  if (entry.role < AccessRole::owner)
    throw ApiError{403, "calendar", "requiredAccessLevel", "You need to have owner access to this calendar."};
  Calendar& calendar = *entry.calendar;
  const Json resource = body_of(call.request);
  if (!call.request.if_match.empty() && !etag_matches(call.request.if_match, fmt::format("\"{}\"", calendar.etag)))
    throw precondition_failed();
  apply(resource, whole, calendar);
  calendar.etag = next_etag();
  return calendar_response(call, calendar);
}

}  // namespace

Response get_calendar(ApiCall& call) { return calendar_response(call, *accessible_entry(call).calendar); }

Response insert_calendar(ApiCall& call) {
  const Json resource = body_of(call.request);
  Calendar draft("", "", utc_zone(), "");
  apply(resource, true, draft);
  const std::string id = "c_" + base32hex_lower(random_bytes(20)) + "@group.calendar.google.com";
  Calendar& calendar = call.provider.add_calendar(id, draft.summary, draft.zone, call.account.email);
  calendar.description = draft.description;
  calendar.location = draft.location;
  call.account.add_entry(calendar, AccessRole::owner);
  return calendar_response(call, calendar);
}

Response patch_calendar(ApiCall& call) { return change_calendar(call, false); }

Response update_calendar(ApiCall& call) { return change_calendar(call, true); }

Response delete_calendar(ApiCall& call) {
  const CalendarListEntry& entry = accessible_entry(call);
  // Only the data owner deletes a calendar, and nobody a primary one.
  if (entry.calendar->primary || entry.calendar->data_owner != call.account.email)
    throw ApiError{403, "global", "forbidden", "Forbidden"};
  call.provider.remove_calendar(*entry.calendar);
  return json_response(204, "");
}

}  // namespace calsync::emulator
