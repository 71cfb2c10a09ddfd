// SPDX-License-Identifier: Apache-2.0
#include "api_call.hpp"

#include <fmt/format.h>

#include "clock.hpp"
#include "text.hpp"

namespace calsync::emulator {

CalendarListEntry& accessible_entry(ApiCall& call) {
  CalendarListEntry* entry = call.account.entry(call.calendar_id);
  if (!entry || entry->deleted) throw not_found();
  return *entry;
}

CalendarListEntry& writable_entry(ApiCall& call) {
  CalendarListEntry& entry = accessible_entry(call);
  if (entry.role < AccessRole::writer_without_private_access)
    throw ApiError{403, "calendar", "requiredAccessLevel", "You need to have writer access to this calendar."};
  return entry;
}

EventView view_of(const ApiCall& call, const CalendarListEntry& entry) {
  EventView view{entry.calendar->zone, entry.role, int_parameter(call.request, "maxAttendees", -1, 1, INT32_MAX)};
  if (const std::string* name = call.request.query.find("timeZone")) {
    view.zone = find_zone(*name);
    if (!view.zone) throw invalid_parameter("timeZone", "Invalid time zone.");
  }
  return view;
}

bool bool_parameter(const Request& request, std::string_view name, bool otherwise) {
  const std::string* text = request.query.find(name);
  if (!text || text->empty()) return otherwise;
  if (*text == "true" || *text == "True" || *text == "1") return true;
  if (*text == "false" || *text == "False" || *text == "0") return false;
  throw invalid_parameter(std::string(name), fmt::format("Invalid boolean value: '{}'.", *text));
}

std::int64_t int_parameter(const Request& request, std::string_view name, std::int64_t otherwise, std::int64_t least,
                           std::int64_t most) {
  const std::string* text = request.query.find(name);
  if (!text || text->empty()) return otherwise;
  const auto number = parse_integer(*text);
  if (!number || *number < least || *number > most)
    throw invalid_parameter(
        std::string(name),
        fmt::format("Invalid value '{}'. Values must be within the range: [{}, {}]", *text, least, most));
  return *number;
}

std::optional<std::int64_t> time_parameter(const Request& request, std::string_view name) {
  const std::string* text = request.query.find(name);
  if (!text || text->empty()) return std::nullopt;
  const auto parsed = parse_rfc3339(*text);
  // The offset is mandatory; a plus sign that was not percent-encoded arrived as a blank and is refused with the rest.
  if (!parsed || !parsed->utc_offset)
    throw ApiError{400, "global", "badRequest", "Bad Request", "parameter", std::string(name)};
  return (parsed->local_seconds - *parsed->utc_offset) * 1000 + parsed->milliseconds;
}

Json body_of(const Request& request) {
  Json body;
  if (!parse_json(request.body, body) || !body.IsObject()) throw ApiError{400, "global", "parseError", "Parse Error"};
  return body;
}

bool etag_matches(std::string_view header, std::string_view quoted_etag) {
  for (std::string_view candidate : split(header, ',')) {
    candidate = trim(candidate);
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == "*" || candidate == quoted_etag) return true;
  }
  return false;
}

Response resource_response(const Request& request, std::string body, const std::string& quoted_etag) {
  Response response;
  response.header("ETag", quoted_etag);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && !request.if_none_match.empty() && etag_matches(request.if_none_match, quoted_etag)) {
    response.status = 304;
  } else {
    response.body = std::move(body);
  }
  return response;
}

}  // namespace calsync::emulator
