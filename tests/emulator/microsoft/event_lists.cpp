// SPDX-License-Identifier: Apache-2.0
// events, calendarView and instances ("List events", "List calendarView", "List instances").
#include <fmt/format.h>

#include <algorithm>

#include "event_filter.hpp"
#include "graph_event_json.hpp"

namespace calsync::emulator::microsoft {
namespace {

struct Row {
  Instance instance;
  std::string json, order;
};

const Content& content_of(const Instance& row) {
  if (row.day)
    if (const auto changed = row.item->exceptions.find(*row.day); changed != row.item->exceptions.end())
      return changed->second.content;
  return row.item->content;
}

std::string order_key(const JsonValue& event, std::string_view path) {
  const JsonValue* value = at_path(event, path);
  if (!value || value->IsNull()) return "";
  return value->IsString() ? lower(value->GetString()) : json_text(*value);
}

std::vector<Row> by_time(const std::vector<Instance>& instances, std::int64_t Instance::* time, bool descending) {
  std::vector<Row> rows;
  for (const Instance& instance : instances) rows.push_back({instance, {}, {}});
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
    return descending ? b.instance.*time < a.instance.*time : a.instance.*time < b.instance.*time;
  });
  return rows;
}

// Filter and most orders look at the whole event in UTC.
std::vector<Row> ordered(const GraphCall& call, const std::vector<Instance>& instances) {
  const EventFilter filter = EventFilter::read(call);
  const OrderBy order = read_order(call);
  if (filter.empty() && order.path == "start/dateTime") return by_time(instances, &Instance::first, order.descending);
  if (filter.empty() && order.path == "end/dateTime") return by_time(instances, &Instance::last, order.descending);
  std::vector<Row> rows;
  const Preferences plain;
  const EventView view{plain, call.switches()};
  for (const Instance& instance : instances) {
    Row row{instance, {}, {}};
    if (!filter.empty() || !order.path.empty()) {
      std::string json;
      append_event(json, view, *instance.item, instance.day);
      Json event;
      parse_json(json, event);
      if (!filter.matches(event, content_of(instance))) continue;
      row.order = order_key(event, order.path);
    }
    rows.push_back(std::move(row));
  }
  if (order.path.empty()) return rows;
  std::ranges::stable_sort(
      rows, [&](const Row& a, const Row& b) { return order.descending ? b.order < a.order : a.order < b.order; });
  return rows;
}

Response page_of(const GraphCall& call, const std::vector<Instance>& instances, std::string_view what) {
  const SelectOptions select = read_select(call);
  const EventView view = view_of(call, &select);
  const std::vector<Row> rows = ordered(call, instances);
  const PageOptions page = page_options(call);
  std::string values;
  const std::size_t first = std::min(rows.size(), static_cast<std::size_t>(page.skip));
  const std::size_t last = std::min(rows.size(), first + static_cast<std::size_t>(page.top));
  for (std::size_t i = first; i < last; ++i) {
    std::string json;
    append_event(json, view, *rows[i].instance.item, rows[i].instance.day);
    if (!values.empty()) values += ',';
    values += selected(std::move(json), select);
  }
  std::string body;
  {
    ObjectWriter object(body);
    object.text("@odata.context", fmt::format("{}/$metadata#users('{}')/{}", call.root(), call.user.id, what));
    if (call.request.query.get("$count") == "true")
      object.number("@odata.count", static_cast<std::int64_t>(rows.size()));
    object.raw("value", "[" + values + "]");
    if (last < rows.size()) object.text("@odata.nextLink", next_page_link(call, page.skip + page.top));
  }
  return graph_json(200, std::move(body));
}

}  // namespace

// Single events and masters, newest first; occurrences are in the view alone.
Response list_events(GraphCall& call) {
  const Folder& folder = *listing_of(call).folder;
  std::vector<Instance> instances;
  for (const Item* item : folder.living())
    instances.push_back({item, std::nullopt, item->content.start.utc(), item->content.end.utc()});
  std::ranges::stable_sort(instances, [](const Instance& a, const Instance& b) {
    return a.item->created_ms != b.item->created_ms ? a.item->created_ms > b.item->created_ms
                                                    : a.item->key < b.item->key;
  });
  return page_of(call, instances, call.calendar_id.empty() ? "events" : "calendars('" + folder.id + "')/events");
}

Response calendar_view(GraphCall& call) {
  const Folder& folder = *listing_of(call).folder;
  const Window window = window_of(call);
  std::vector<Instance> instances;
  for (const Item* item : folder.living()) append_instances(*item, window, call.clamps(), instances);
  std::ranges::stable_sort(instances, [](const Instance& a, const Instance& b) {
    return a.first != b.first ? a.first < b.first : a.item->key < b.item->key;
  });
  return page_of(call, instances,
                 call.calendar_id.empty() ? "calendarView" : "calendars('" + folder.id + "')/calendarView");
}

Response list_instances(GraphCall& call) {
  const Target target = target_of(call);
  const Window window = window_of(call);
  if (!target.item->is_series() || target.day)
    throw bad_request("ErrorInvalidRequest", "Instances are those of a series master.");
  std::vector<Instance> instances;
  append_instances(*target.item, window, call.clamps(), instances);
  return page_of(call, instances, "events('" + call.event_id + "')/instances");
}

Response get_event(GraphCall& call) {
  const Target target = target_of(call);
  const SelectOptions select = read_select(call);
  std::string body;
  append_event(body, view_of(call, &select), *target.item, target.day,
               fmt::format("{}/$metadata#users('{}')/events/$entity", call.root(), call.user.id));
  return graph_json(200, selected(std::move(body), select));
}

}  // namespace calsync::emulator::microsoft
