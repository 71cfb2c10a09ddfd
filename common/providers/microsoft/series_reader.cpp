// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/series_reader.hpp"

#include "common/base/json_slices.hpp"
#include "common/providers/microsoft/graph_errors.hpp"
#include "common/providers/microsoft/graph_event.hpp"
#include "common/providers/microsoft/graph_series.hpp"
#include "common/providers/microsoft/graph_time.hpp"

namespace calsync::microsoft {
namespace {

using calendar::EventRemoved;
using calendar::EventUnreadable;

std::string event_url(const Options& options, std::string_view calendar_id, std::string_view event_id) {
  return api_url(options.endpoints.api,
                 "/me/calendars/" + net::percent_encode(calendar_id) + "/events/" + net::percent_encode(event_id));
}

/// A refusal that is this series' alone: the delta of its calendar was answered a moment ago.
Result<SeriesStep> judge(const Error& error, const std::string& id, std::vector<providers::EventChange>& changes) {
  if (error.failure == Failure::not_found) return SeriesStep::missing;
  if (error.failure != Failure::rejected) return error;
  changes.emplace_back(EventUnreadable{id, {}, "a series cannot be read: " + error.message, "{}", {}});
  return SeriesStep::done;
}

}  // namespace

net::HttpRequest master_request(const Options& options, const providers::Session& session, std::string_view calendar_id,
                                std::string_view master_id) {
  net::HttpRequest request = graph_request("GET", event_url(options, calendar_id, master_id), session);
  request.operation = "get_event";
  return request;
}

net::HttpRequest instances_request(const Options& options, const providers::Session& session,
                                   std::string_view calendar_id, std::string_view master_id, const Window& window) {
  const std::string url =
      net::with_query(event_url(options, calendar_id, master_id) + "/instances",
                      {{"startDateTime", format_rfc3339(window.from)}, {"endDateTime", format_rfc3339(window.to)}});
  net::HttpRequest request = graph_request("GET", url + "&$top=200", session);
  request.operation = "list_instances";
  return request;
}

Result<SeriesStep> read_master(const net::HttpResponse& response, const std::string& id, Time now, OpenSeries& open,
                               std::vector<providers::EventChange>& changes) {
  if (response.status != 200) return judge(api_error(response, Asked::event, now), id, changes);
  // A page of somebody else's, or a part of an answer, says nothing about the series: it is asked for again.
  if (!json::member_slices(response.body))
    return fail(Failure::malformed, "Microsoft answered 200 with something that is not an event");
  if (DeltaItem item = parse_delta_item(response.body); std::holds_alternative<calendar::EventChange>(item)) {
    // It is a series no more, or nobody can tell what it is.
    changes.push_back(std::get<calendar::EventChange>(std::move(item)));
    std::visit([&](auto& change) { change.external_event_id = id; }, changes.back());
    return SeriesStep::done;
  }
  auto master = parse_master(response.body);
  if (auto* unreadable = std::get_if<EventUnreadable>(&master)) {
    // What was asked for, whatever the answer calls itself.
    unreadable->external_event_id = id;
    changes.emplace_back(std::move(*unreadable));
    return SeriesStep::done;
  }
  open.master = response.body;
  return SeriesStep::goes_on;
}

Result<SeriesStep> read_instances(const net::HttpResponse& response, const Options& options, const std::string& id,
                                  const std::string& link, const Window& window, Time now, OpenSeries& open,
                                  std::vector<providers::EventChange>& changes) {
  if (response.status != 200) return judge(api_error(response, Asked::event, now), id, changes);
  auto parsed = parse_master(open.master);
  auto* master = std::get_if<Master>(&parsed);
  if (!master) return fail(Failure::internal, "a series master that was understood is not any more");
  master->event.external_event_id = id;
  auto split = split_page(response.body);
  if (!split) return split.error();
  auto links = page_links(split->envelope, options.endpoints.api, link);
  if (!links) return links.error();
  const std::string zone = known_zone(master->recurrence.time_zone);
  for (const json::Slice bytes : split->items) {
    Instance instance = parse_instance(bytes, master->event, zone);
    if (instance.slot) open.seen.push_back(slot_key(*instance.slot));
    if (instance.exception) changes.push_back(*std::move(instance.exception));
  }
  open.next_link = std::move(links->next);
  if (!open.next_link.empty()) return SeriesStep::goes_on;
  if (open.seen.empty()) {
    // It has left the window, as a full read would find.
    changes.emplace_back(EventRemoved{id});
    return SeriesStep::done;
  }
  changes.emplace_back(complete_series(std::move(*master), {open.seen.begin(), open.seen.end()}, window));
  return SeriesStep::done;
}

}  // namespace calsync::microsoft
