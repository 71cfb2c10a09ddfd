// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_events.hpp"

#include "common/providers/google/google_errors.hpp"
#include "common/providers/google/google_event_parser.hpp"

namespace calsync::google {
namespace {

/// Google allows 2500. An event with 200 guests and a full description is about 40 KB, so 250 of the worst fit into the
/// transport's 16 MiB, and a calendar full of them can still be read; an ordinary page is 400 KB.
constexpr const char* page_size = "250";

}  // namespace

net::HttpRequest changes_request(const Options& options, const providers::Session& session,
                                 std::string_view calendar_id, const ReadPosition& position) {
  net::Parameters parameters{{"maxResults", page_size}, {"singleEvents", "false"}, {"showDeleted", "true"}};
  const std::string path = "/calendars/" + net::percent_encode(calendar_id) + "/events";
  net::HttpRequest request =
      api_get(options.endpoints.api, path, with_position(std::move(parameters), position), session);
  request.operation = "list_events";
  return request;
}

Result<providers::Page<providers::EventChange>> parse_changes(const net::HttpResponse& response,
                                                              const ReadPosition& position, Time now) {
  const Asked asked = position.cursor.empty() ? Asked::full_read : Asked::incremental;
  if (response.status != 200) return api_error(response, asked, now);
  auto split = split_page(response.body);
  if (!split) return split.error();
  auto tokens = page_tokens(split->envelope, position);
  if (!tokens) return tokens.error();
  providers::Page<providers::EventChange> page{
      {}, std::move(tokens->next_page), std::move(tokens->next_cursor), asked == Asked::full_read};
  const std::string zone = json::text_at(split->envelope, "timeZone");
  page.changes.reserve(split->items.size());
  for (const json::Slice item : split->items) page.changes.push_back(parse_event(item, zone));
  return page;
}

}  // namespace calsync::google
