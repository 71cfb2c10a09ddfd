// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_calendar_list.hpp"

#include "common/providers/microsoft/graph_errors.hpp"

namespace calsync::microsoft {
namespace {

/// Only owners may share a calendar.
std::string role_of(const json::Value& entry) {
  if (json::bool_at(entry, "canShare").value_or(false)) return "owner";
  return json::bool_at(entry, "canEdit").value_or(false) ? "writer" : "reader";
}

/// Its zone is a setting of the mailbox, not of the calendar: unknown.
Result<providers::CalendarChange> parse_entry(std::string_view item) {
  const auto entry = json::parse(item);
  if (!entry)
    return fail(Failure::malformed, "an entry of Microsoft's calendar list is not JSON: " + entry.error().message);
  providers::Calendar calendar;
  calendar.external_calendar_id = json::text_at(*entry, "id");
  if (calendar.external_calendar_id.empty())
    return fail(Failure::malformed, "an entry of Microsoft's calendar list has no id");
  calendar.name = json::text_at(*entry, "name");
  calendar.access_role = role_of(*entry);
  calendar.is_primary = json::bool_at(*entry, "isDefaultCalendar").value_or(false);
  return providers::CalendarChange(std::move(calendar));
}

}  // namespace

net::HttpRequest calendar_list_request(const Options& options, const providers::Session& session,
                                       const std::string& page) {
  // Ten a page without it.
  const std::string first = api_url(options.endpoints.api, "/me/calendars?$top=100");
  net::HttpRequest request = graph_request("GET", page.empty() ? first : page, session);
  request.operation = "list_calendars";
  return request;
}

Result<providers::Page<providers::CalendarChange>> parse_calendar_list(const net::HttpResponse& response,
                                                                       const Options& options, const std::string& page,
                                                                       Time now) {
  if (response.status != 200) return api_error(response, Asked::calendars, now);
  auto split = split_page(response.body);
  if (!split) return split.error();
  auto links = page_links(split->envelope, options.endpoints.api, page);
  if (!links) return links.error();
  providers::Page<providers::CalendarChange> out;
  out.next_page = std::move(links->next);
  out.snapshot = true;
  for (const json::Slice item : split->items) {
    auto change = parse_entry(item);
    if (!change) return change.error();
    out.changes.push_back(*std::move(change));
  }
  return out;
}

net::HttpRequest default_calendar_request(const Options& options, const providers::Session& session) {
  net::HttpRequest request = graph_request("GET", api_url(options.endpoints.api, "/me/calendar"), session);
  request.operation = "list_calendars";
  return request;
}

Result<providers::Page<providers::CalendarChange>> parse_default_calendar(const net::HttpResponse& response, Time now) {
  if (response.status != 200) return api_error(response, Asked::calendars, now);
  auto change = parse_entry(response.body);
  if (!change) return change.error();
  providers::Page<providers::CalendarChange> out;
  out.changes.push_back(*std::move(change));
  return out;
}

}  // namespace calsync::microsoft
