// SPDX-License-Identifier: Apache-2.0
// What a handler of the Calendar API is given.
#pragma once

#include "api_error.hpp"
#include "event_json.hpp"
#include "list_fault.hpp"
#include "provider.hpp"

namespace calsync::emulator {

struct ApiCall {
  Provider& provider;
  const Request& request;
  Account& account;
  std::string calendar_id, event_id;
  ListFault* list_fault = nullptr;  // bends what events.list says
};

using ApiHandler = Response (*)(ApiCall&);

// The row of the account's list for the named calendar; not there and not accessible look the same (404).
CalendarListEntry& accessible_entry(ApiCall& call);
CalendarListEntry& writable_entry(ApiCall& call);  // 403 requiredAccessLevel below writer
EventView view_of(const ApiCall& call, const CalendarListEntry& entry);

bool bool_parameter(const Request& request, std::string_view name, bool otherwise);
std::int64_t int_parameter(const Request& request, std::string_view name, std::int64_t otherwise, std::int64_t least,
                           std::int64_t most);
std::optional<std::int64_t> time_parameter(const Request& request, std::string_view name);  // milliseconds
Json body_of(const Request& request);  // an object, else 400 parseError

// 304 when the client's If-None-Match names this etag (as JSON has it, quotes included).
Response resource_response(const Request& request, std::string body, const std::string& quoted_etag);
bool etag_matches(std::string_view header, std::string_view quoted_etag);

// calendarList, calendars, settings, colors, freeBusy
Response list_calendar_list(ApiCall& call);
Response get_calendar_list_entry(ApiCall& call);
Response insert_calendar_list_entry(ApiCall& call);
Response patch_calendar_list_entry(ApiCall& call);
Response delete_calendar_list_entry(ApiCall& call);
Response get_calendar(ApiCall& call);
Response insert_calendar(ApiCall& call);
Response patch_calendar(ApiCall& call);
Response update_calendar(ApiCall& call);
Response delete_calendar(ApiCall& call);
Response get_colors(ApiCall& call);
Response list_settings(ApiCall& call);
Response get_setting(ApiCall& call);
Response query_free_busy(ApiCall& call);
// events
Response list_events(ApiCall& call);
Response list_instances(ApiCall& call);
Response get_event(ApiCall& call);
Response insert_event(ApiCall& call);
Response import_event(ApiCall& call);
Response patch_event(ApiCall& call);
Response update_event(ApiCall& call);
Response delete_event(ApiCall& call);
Response move_event(ApiCall& call);
// channels
Response watch_events(ApiCall& call);
Response watch_calendar_list(ApiCall& call);
Response stop_channel(ApiCall& call);

}  // namespace calsync::emulator
