// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_delta.hpp"

#include <set>

#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/microsoft/graph_event.hpp"

namespace calsync::microsoft {

net::HttpRequest delta_request(const Options& options, const providers::Session& session, std::string_view calendar_id,
                               const Window& window) {
  const std::string path = "/me/calendars/" + net::percent_encode(calendar_id) + "/calendarView/delta";
  return link_request(
      net::with_query(api_url(options.endpoints.api, path),
                      {{"startDateTime", format_rfc3339(window.from)}, {"endDateTime", format_rfc3339(window.to)}}),
      session);
}

net::HttpRequest link_request(const std::string& link, const providers::Session& session) {
  net::HttpRequest request = graph_request("GET", link, session);
  request.operation = "list_events";
  return request;
}

Result<void> read_delta_page(const net::HttpResponse& response, const Options& options, const std::string& link,
                             Time now, ReadState& state, std::vector<providers::EventChange>& changes) {
  if (response.status != 200) return api_error(response, Asked::delta, now);
  auto split = split_page(response.body);
  if (!split) return split.error();
  auto links = page_links(split->envelope, options.endpoints.api, link);
  if (!links) return links.error();
  if (links->next.empty() && links->delta.empty())
    return fail(Failure::malformed, "Microsoft answered a page with neither a nextLink nor a deltaLink");
  state.next_link = std::move(links->next);
  state.delta_link = std::move(links->delta);
  std::set<std::string> touched(state.series.begin(), state.series.end());
  for (const json::Slice bytes : split->items) {
    DeltaItem item = parse_delta_item(bytes);
    if (auto* change = std::get_if<calendar::EventChange>(&item)) {
      if (const auto* removed = std::get_if<calendar::EventRemoved>(change)) {
        touched.erase(removed->external_event_id);
        state.missing.erase(removed->external_event_id);
      }
      changes.push_back(std::move(*change));
    } else {
      touched.insert(std::move(std::get<SeriesTouched>(item).master_id));
    }
  }
  state.series.assign(touched.begin(), touched.end());
  return {};
}

}  // namespace calsync::microsoft
