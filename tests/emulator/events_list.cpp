// SPDX-License-Identifier: Apache-2.0
// events.list: windows, filters, pages and sync tokens.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "api_call.hpp"
#include "clock.hpp"
#include "digest.hpp"
#include "event_rows.hpp"
#include "list_token.hpp"

namespace calsync::emulator {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array forbidden_with_token{"timeMin"sv,
                                          "timeMax"sv,
                                          "updatedMin"sv,
                                          "orderBy"sv,
                                          "q"sv,
                                          "iCalUID"sv,
                                          "privateExtendedProperty"sv,
                                          "sharedExtendedProperty"sv};
constexpr std::array same_in_chain{"singleEvents"sv, "showHiddenInvitations"sv, "maxAttendees"sv, "timeZone"sv,
                                   "eventTypes"sv};
// Filtered lists give no sync token.
constexpr std::array no_token_with{
    "updatedMin"sv, "orderBy"sv, "q"sv, "iCalUID"sv, "privateExtendedProperty"sv, "sharedExtendedProperty"sv};

std::uint64_t hash_parameters(const Request& request, std::span<const std::string_view> names) {
  std::uint64_t hash = fnv1a("");
  for (const std::string_view name : names) {
    auto values = request.query.all(name);
    std::ranges::sort(values);
    for (const std::string_view value : values) {
      if (value == "false" && name != "timeZone") continue;  // the default said aloud
      hash = fnv1a(value, fnv1a(name, hash));
    }
  }
  return hash;
}

std::vector<std::pair<std::string, std::string>> property_filters(const Request& request, std::string_view name) {
  std::vector<std::pair<std::string, std::string>> filters;
  for (const std::string_view text : request.query.all(name)) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos) throw invalid_parameter(std::string(name), "Invalid property constraint.");
    filters.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return filters;
}

enum class Order { stored, start_time, updated };

struct List {
  RowFilter filter;
  Order order = Order::stored;
  std::size_t size = 250;
  ListToken token;  // where this page begins and which chain it belongs to
  bool gives_sync_token = true;
};

RowFilter read_filter(ApiCall& call) {
  const Request& request = call.request;
  RowFilter filter;
  filter.single_events = bool_parameter(request, "singleEvents", false);
  filter.show_deleted = bool_parameter(request, "showDeleted", false);
  bool_parameter(request, "showHiddenInvitations", false);
  const auto time_min = time_parameter(request, "timeMin"), time_max = time_parameter(request, "timeMax");
  // Milliseconds are ignored.
  if (time_min) filter.time_min = *time_min / 1000;
  if (time_max) filter.time_max = *time_max / 1000;
  if (filter.time_min && filter.time_max && *filter.time_max <= *filter.time_min) throw time_range_empty();
  filter.updated_min = time_parameter(request, "updatedMin");
  const std::int64_t days = call.provider.settings.updated_min_days;
  if (filter.updated_min && days > 0 && *filter.updated_min < now_ms() - days * 86400000)
    throw updated_min_too_long_ago();
  filter.incremental = filter.updated_min.has_value();
  filter.text = request.query.get("q");
  filter.ical_uid = request.query.get("iCalUID");
  filter.private_properties = property_filters(request, "privateExtendedProperty");
  filter.shared_properties = property_filters(request, "sharedExtendedProperty");
  for (const std::string_view type : request.query.all("eventTypes")) filter.event_types.emplace_back(type);
  filter.horizon = now_ms() / 1000 + call.provider.settings.horizon_days * 86400;
  return filter;
}

ApiError malformed_sync_token(const Settings& settings) {
  if (settings.malformed_sync_token == "410") return full_sync_required();
  return {400, "global", "invalid", "Invalid sync token value.", "parameter", "syncToken"};
}

// Decides what a sync token allows; on return the list continues from it.
void resume(ApiCall& call, const CalendarListEntry& entry, const ListToken& fresh, List& list) {
  const Request& request = call.request;
  for (const std::string_view name : forbidden_with_token)
    if (request.query.has(name)) throw bad_request("Sync token cannot be used with other request restrictions");
  if (request.query.get("showDeleted") == "false")
    throw bad_request("Sync token cannot be used with other request restrictions");
  const auto token = decode_token(request.query.get("syncToken"));
  if (!token || token->is_page) throw malformed_sync_token(call.provider.settings);
  if (token->owner != fresh.owner || token->epoch != entry.token_epoch || token->since > entry.calendar->last_change())
    throw full_sync_required();
  const std::string& mismatch = call.provider.settings.parameter_mismatch;
  if (token->parameters != fresh.parameters && mismatch != "ignore") {
    if (mismatch == "400") throw bad_request("Sync token cannot be used with other request restrictions");
    throw full_sync_required();
  }
  list.token.since = token->since;
  list.filter.incremental = true;
}

List read_list(ApiCall& call, const CalendarListEntry& entry) {
  const Request& request = call.request;
  List list;
  list.filter = read_filter(call);
  const std::string_view order = request.query.get("orderBy");
  if (!order.empty() && order != "startTime" && order != "updated")
    throw invalid_parameter("orderBy", fmt::format("Invalid value for orderBy: {}", order));
  if (order == "startTime" && !list.filter.single_events)
    throw bad_request("The requested ordering is not available for the particular query.");
  list.order = order.empty() ? Order::stored : order == "startTime" ? Order::start_time : Order::updated;
  list.size =
      static_cast<std::size_t>(std::min<std::int64_t>(int_parameter(request, "maxResults", 250, 1, INT32_MAX), 2500));
  for (const std::string_view name : no_token_with) list.gives_sync_token &= !request.query.has(name);

  ListToken fresh;
  fresh.owner = fnv1a(entry.calendar->id, fnv1a(call.account.sub));
  fresh.parameters = hash_parameters(request, same_in_chain);
  fresh.epoch = entry.token_epoch;
  fresh.snapshot = entry.calendar->last_change();
  list.token = fresh;
  if (!request.query.get("syncToken").empty()) resume(call, entry, fresh, list);

  if (const std::string_view text = request.query.get("pageToken"); !text.empty()) {
    const auto page = decode_token(text);
    // A page token repeats its chain: the same list, the same parameters, the same sync token.
    const std::uint64_t wanted = hash_parameters(request, forbidden_with_token) ^ fresh.parameters;
    if (!page || !page->is_page || page->owner != fresh.owner || page->parameters != wanted ||
        page->since != list.token.since)
      throw ApiError{400, "global", "invalid", "Invalid page token value.", "parameter", "pageToken"};
    if (page->epoch != entry.token_epoch && list.token.since != 0) throw full_sync_required();
    list.token = *page;
  }
  return list;
}

class PageWriter {
 public:
  PageWriter(ApiCall& call, const CalendarListEntry& entry, List& list)
      : calendar_(*entry.calendar), list_(list), view_(view_of(call, entry)), settings_(call.provider.settings) {
    if (settings_.short_pages > 0) list_.size = std::min(list_.size, static_cast<std::size_t>(settings_.short_pages));
    if (list_.token.page <= static_cast<std::uint64_t>(settings_.empty_pages)) list_.size = 0;
  }

  void fill() {
    if (list_.order != Order::stored) return fill_ordered();
    if (list_.token.since > 0 || list_.filter.incremental) return fill_changes();
    const auto& events = calendar_.events();
    for (std::size_t i = list_.token.major; i < events.size(); ++i)
      if (!take_event(*events[i], i)) return;
  }

  // Again, with at most so many items; then the next page begins with the last of them if `repeats`.
  void fill_less(std::size_t size, bool repeats) {
    list_.size = size;
    repeats_last_ = repeats;
    items.clear();
    taken_ = 0;
    more = false;
    fill();
  }

  std::vector<ListItem> items;
  bool more = false;
  ListToken next;

 private:
  // In the order of changes; what changes while a client pages comes (again) with the next sync token.
  void fill_changes() {
    const auto& changes = calendar_.changes();
    const std::uint64_t from = std::max(list_.token.major, list_.token.since + 1);
    for (auto it = changes.lower_bound(from); it != changes.end() && it->first <= list_.token.snapshot; ++it)
      if (!take_event(*it->second, it->first)) return;
  }

  void fill_ordered() {
    std::vector<EventRow> rows;
    for (const auto& event : calendar_.events()) append_rows(calendar_, *event, list_.filter, rows);
    const auto key = [&](const EventRow& row) {
      if (list_.order == Order::updated) return row.event->updated_ms;
      return row.event->start.moved_to(row.seconds).instant(calendar_.zone);
    };
    std::ranges::stable_sort(rows, {}, key);
    for (std::size_t i = list_.token.major; i < rows.size(); ++i)
      if (!take(rows[i], i, 0)) return;
  }

  bool take_event(const Event& event, std::uint64_t major) {
    if (event.left_out_of != 0 && event.left_out_of == list_.token.snapshot && list_.token.page > 1) return true;
    rows_.clear();
    append_rows(calendar_, event, list_.filter, rows_);
    const std::size_t first = major == list_.token.major ? list_.token.minor : 0;
    for (std::size_t i = first; i < rows_.size(); ++i)
      if (!take(rows_[i], major, i)) return false;
    return true;
  }

  // False when the page is full: the next one begins with this row.
  bool take(const EventRow& row, std::uint64_t major, std::uint64_t minor) {
    if (taken_ >= list_.size) {
      more = true;
      next = list_.token;
      const bool repeats = repeats_last_ || (settings_.duplicate_items && taken_ > 1);
      next.major = repeats ? last_major_ : major;
      next.minor = repeats ? last_minor_ : minor;
      ++next.page;
      return false;
    }
    ++taken_;
    ListItem& item = items.emplace_back(calendar_.find(row.event->id));
    append_row(item.json, calendar_, row, list_.filter, view_);
    last_major_ = major;
    last_minor_ = minor;
    return true;
  }

  const Calendar& calendar_;
  List& list_;
  EventView view_;
  const Settings& settings_;
  std::vector<EventRow> rows_;
  std::size_t taken_ = 0;
  std::uint64_t last_major_ = 0, last_minor_ = 0;
  bool repeats_last_ = false;
};

// What an ordered fault makes of a page. The change up to which the next sync token knows everything.
std::uint64_t bend(ListFault& fault, const CalendarListEntry& entry, const EventView& view, const List& list,
                   PageWriter& page) {
  Calendar& calendar = *entry.calendar;
  const std::uint64_t snapshot = list.token.snapshot;
  if (fault.halves(page.items.size())) {
    const std::vector<ListItem> whole = page.items;
    page.fill_less(whole.size() / 2, fault.repeats());
    fault.leave_out(calendar, whole, page.items.size(), snapshot);
  }
  fault.bend_items(calendar, page.items);
  return page.more ? snapshot : fault.add_older(calendar, view, page.items, snapshot);
}

std::unique_ptr<Calendar> replica_for(ApiCall& call, const CalendarListEntry& entry) {
  if (!call.list_fault || call.request.query.has("pageToken")) return nullptr;
  const auto token = decode_token(call.request.query.get("syncToken"));
  return call.list_fault->replica(*entry.calendar, token ? token->since : 0);
}

void append_items(std::string& out, const std::vector<ListItem>& items) {
  out += '[';
  for (const ListItem& item : items) {
    if (out.back() != '[') out += ',';
    out += item.json;
  }
  out += ']';
}

Response list_of(ApiCall& call, const CalendarListEntry& entry) {
  const Calendar& calendar = *entry.calendar;
  List list = read_list(call, entry);
  PageWriter page(call, entry, list);
  page.fill();
  const EventView view = view_of(call, entry);
  const std::uint64_t known = call.list_fault ? bend(*call.list_fault, entry, view, list, page) : list.token.snapshot;

  const std::string etag = fmt::format("\"p{}\"", calendar.etag);
  std::string body;
  {
    ObjectWriter object(body);
    object.raw("kind", R"("calendar#events")");
    object.text("etag", etag);
    object.text("summary", calendar.summary);
    object.text("description", calendar.description);
    object.text("updated", rfc3339_ms(calendar.updated_ms));
    object.text("timeZone", view.zone->name());
    object.text("accessRole", role_name(entry.role));
    object.raw("defaultReminders", calendar.primary ? R"([{"method":"popup","minutes":10}])" : "[]");
    if (page.more) {
      page.next.is_page = true;
      page.next.parameters =
          hash_parameters(call.request, forbidden_with_token) ^ hash_parameters(call.request, same_in_chain);
      object.text("nextPageToken", encode_token(page.next));
    } else if (list.gives_sync_token) {
      ListToken token;
      token.owner = list.token.owner;
      token.parameters = hash_parameters(call.request, same_in_chain);
      token.epoch = entry.token_epoch;
      token.since = known;
      object.text("nextSyncToken", encode_token(token));
    }
    append_items(object.key("items"), page.items);
  }
  return resource_response(call.request, std::move(body), etag);
}

}  // namespace

Response list_events(ApiCall& call) {
  const CalendarListEntry& entry = accessible_entry(call);
  if (call.list_fault) call.list_fault->before_list(*entry.calendar);
  const std::unique_ptr<Calendar> replica = replica_for(call, entry);
  if (!replica) return list_of(call, entry);
  CalendarListEntry seen = entry;
  seen.calendar = replica.get();
  return list_of(call, seen);
}

}  // namespace calsync::emulator
