// SPDX-License-Identifier: Apache-2.0
// /control/calls, /control/faults and /control/feeds
#include <fmt/format.h>

#include <algorithm>

#include "clock.hpp"
#include "control.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

std::int64_t number(const ControlCall& call, std::string_view name, std::int64_t otherwise) {
  const std::string_view text = call.request.query.get(name);
  if (text.empty()) return otherwise;
  const auto value = parse_integer(text);
  if (!value) throw control_fault(400, "no number: " + std::string(name));
  return *value;
}

CallFilter filter_of(const ControlCall& call) {
  CallFilter filter;
  filter.since = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(call, "since", 0)));
  filter.operation = call.request.query.get("operation");
  filter.account = call.request.query.get("account");
  filter.calendar_id = call.request.query.get("calendar_id");
  filter.status = number(call, "status", -1);
  return filter;
}

std::string calls_json(const CallLog& log, const CallFilter& filter, std::string_view extra) {
  std::string rows;
  std::size_t count = 0;
  for (const Call* call : log.select(filter)) {
    if (count++ > 0) rows += ',';
    rows += call_json(*call);
  }
  return fmt::format(R"({{"count":{},"last":{}{},"calls":[{}]}})", count, log.last(), extra, rows);
}

Response wait_for(ControlCall& call) {
  const CallFilter filter = filter_of(call);
  const std::size_t count = static_cast<std::size_t>(std::max<std::int64_t>(0, number(call, "count", 1)));
  const CallLog& log = call.provider.calls;
  Response response;
  response.wait = Wait{[&log, filter, count] { return log.count(filter) >= count; },
                       [&log, filter](bool timed_out) {
                         return calls_json(log, filter, timed_out ? R"(,"timed_out":true)" : R"(,"timed_out":false)");
                       },
                       std::min<std::int64_t>(number(call, "timeout_ms", 10000), 600000)};
  return response;
}

}  // namespace

Response control_calls(ControlCall& call) {
  if (call.request.method == "DELETE") {
    call.provider.calls.clear();
    return json_response(200, "{}");
  }
  if (!call.path.empty() && call.path[0] == "wait") return wait_for(call);
  return json_response(200, calls_json(call.provider.calls, filter_of(call), ""));
}

Response control_faults(ControlCall& call) {
  FaultBoard& faults = call.provider.faults;
  if (call.request.method == "POST") {
    std::uint64_t id = 0;
    const std::string complaint = faults.add(call.body, id);
    if (!complaint.empty()) throw control_fault(400, complaint);
    return json_response(200, fmt::format(R"({{"id":{}}})", id));
  }
  if (call.request.method == "DELETE") {
    if (call.path.empty()) {
      faults.clear();
    } else {
      const auto id = parse_integer(call.path[0]);
      if (!id || !faults.remove(static_cast<std::uint64_t>(*id))) throw control_fault(404, "no such fault");
    }
  }
  return json_response(200, faults.json());
}

namespace {

std::string feed_json(const std::string& name, const Feed& feed) {
  std::string out;
  {
    ObjectWriter object(out);
    object.text("name", name);
    object.text("path", "/feeds/" + name + ".ics");
    object.number("bytes", static_cast<std::int64_t>(feed.text.size()));
    object.text("etag", feed.etag);
    object.text("last_modified", http_date(feed.modified_ms / 1000));
    object.text("content_type", feed.content_type);
    if (feed.gone_status != 0) object.number("gone_status", feed.gone_status);
  }
  return out;
}

Response put_feed(ControlCall& call, const std::string& name) {
  const Query& query = call.request.query;
  if (query.get("content_type").find_first_of("\r\n") != std::string_view::npos)
    throw control_fault(400, "a header value is one line");
  Feed& feed = call.provider.feeds.put(name, call.request.body);
  feed.sends_etag = query.get("etag") != "off";
  feed.sends_last_modified = query.get("last_modified") != "off";
  feed.content_type = query.get("content_type", "text/calendar; charset=UTF-8");
  return json_response(200, feed_json(name, feed));
}

}  // namespace

Response control_feeds(ControlCall& call) {
  FeedStore& feeds = call.provider.feeds;
  if (call.path.empty()) {
    if (call.request.method == "DELETE") feeds.clear();
    std::string rows;
    for (const auto& [name, feed] : feeds.all()) {
      if (!rows.empty()) rows += ',';
      rows += feed_json(name, feed);
    }
    return json_response(200, R"({"feeds":[)" + rows + "]}");
  }
  std::string name = call.path[0];
  if (name.ends_with(".ics")) name.resize(name.size() - 4);
  if (call.request.method == "PUT") return put_feed(call, name);
  Feed* feed = feeds.find(name);
  if (!feed) throw control_fault(404, "no feed " + name);
  if (call.request.method == "DELETE") feed->gone_status = call.request.query.get("status") == "410" ? 410 : 404;
  return json_response(200, feed_json(name, *feed));
}

}  // namespace calsync::emulator
