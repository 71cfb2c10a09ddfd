// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_calendar_list.hpp"

#include "common/providers/google/google_errors.hpp"

namespace calsync::google {
namespace {

/// The largest that Google allows.
constexpr const char* page_size = "250";

Result<providers::CalendarChange> parse_entry(json::Slice item) {
  const auto entry = json::parse(item);
  if (!entry)
    return fail(Failure::malformed, "an entry of Google's calendar list is not JSON: " + entry.error().message);
  const std::string id = json::text_at(*entry, "id");
  if (id.empty()) return fail(Failure::malformed, "an entry of Google's calendar list has no id");
  if (json::bool_at(*entry, "deleted").value_or(false))
    return providers::CalendarChange(providers::CalendarRemoved{id});
  providers::Calendar calendar;
  calendar.external_calendar_id = id;
  calendar.name = json::text_at(*entry, "summaryOverride");
  if (calendar.name.empty()) calendar.name = json::text_at(*entry, "summary");
  calendar.time_zone = json::text_at(*entry, "timeZone");
  calendar.access_role = json::text_at(*entry, "accessRole");
  calendar.is_primary = json::bool_at(*entry, "primary").value_or(false);
  // Whoever may only see free and busy still lists events, without their details. Unknown roles count as reader.
  calendar.readable = calendar.access_role != "none";
  return providers::CalendarChange(std::move(calendar));
}

}  // namespace

net::HttpRequest calendar_list_request(const Options& options, const providers::Session& session,
                                       const ReadPosition& position) {
  net::Parameters parameters{{"maxResults", page_size}, {"showDeleted", "true"}, {"showHidden", "true"}};
  net::HttpRequest request =
      api_get(options.endpoints.api, "/users/me/calendarList", with_position(std::move(parameters), position), session);
  request.operation = "list_calendars";
  return request;
}

Result<providers::Page<providers::CalendarChange>> parse_calendar_list(const net::HttpResponse& response,
                                                                       const ReadPosition& position, Time now) {
  const Asked asked = position.cursor.empty() ? Asked::full_read : Asked::incremental;
  if (response.status != 200) return api_error(response, asked, now);
  auto split = split_page(response.body);
  if (!split) return split.error();
  // Not every server of this API gives its calendar list a sync token; without one the short list is read whole each
  // time.
  auto tokens =
      page_tokens(split->envelope, position, asked == Asked::full_read ? CursorAtEnd::optional : CursorAtEnd::required);
  if (!tokens) return tokens.error();
  providers::Page<providers::CalendarChange> page{
      {}, std::move(tokens->next_page), std::move(tokens->next_cursor), asked == Asked::full_read};
  page.changes.reserve(split->items.size());
  for (const json::Slice item : split->items) {
    auto change = parse_entry(item);
    if (!change) return change.error();
    page.changes.push_back(*std::move(change));
  }
  return page;
}

}  // namespace calsync::google
