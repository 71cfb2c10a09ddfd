// SPDX-License-Identifier: Apache-2.0
// calendarView/delta ("event: delta", "Get incremental changes to events in a calendar view").
#include <fmt/format.h>

#include <algorithm>

#include "delta_fault.hpp"
#include "graph_event_json.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/seed.hpp"

namespace calsync::emulator::microsoft {
namespace {

// Changes up to this one are visible.
std::uint64_t visible_change(const Folder& folder, std::int64_t delay_ms) {
  std::uint64_t last = folder.last_change();
  for (auto row = folder.order().rbegin(); delay_ms > 0 && row != folder.order().rend(); ++row) {
    if (folder.trace(*row->second)->time_ms <= now_ms() - delay_ms) break;
    last = row->first - 1;
  }
  return last;
}

std::uint64_t moved_back(const Folder& folder, std::uint64_t since, std::int64_t changes) {
  auto row = folder.order().upper_bound(since);
  while (changes-- > 0 && row != folder.order().begin()) --row;
  return row == folder.order().end() ? since : std::min(since, row->first - 1);
}

class Round {
 public:
  Round(GraphCall& call, Folder& folder) : call_(call), folder_(folder), view_(view_of(call)) {
    view_.typed = true;
    if (call.switches().graph_delta_select == "apply") select_ = call.request.query.get("$select");
  }

  DeltaToken begin() {
    const Query& query = call_.request.query;
    const std::string* skip = query.find("$skiptoken");
    const std::string_view text = skip ? std::string_view(*skip) : query.get("$deltatoken");
    if (text.empty()) {
      DeltaToken token;
      token.window = window_of(call_);
      token.initial = true;
      token.generation = folder_.generation;
      start(token);
      return token;
    }
    auto token = decode_delta_token(text);
    if (!token || token->folder_id != folder_.id)
      throw bad_request("InvalidDeltaToken", "The delta token is not valid. Please start again without one.");
    const std::int64_t kept = call_.switches().graph_delta_generations;
    const bool evicted = kept > 0 && folder_.generation - token->generation > static_cast<std::uint64_t>(kept);
    if (token->epoch != folder_.epoch || evicted) throw unknown_state();
    if (skip) {
      std::uint64_t& page = folder_.page_of_round(token->round);
      if (call_.switches().graph_stale_next_links && static_cast<std::uint64_t>(token->page) < page)
        throw unknown_state();
      page = std::max(page, static_cast<std::uint64_t>(token->page));
      return *token;
    }
    token->initial = token->ended = false;
    if (const auto again = call_.switches().graph_replayed_changes; again > 0)
      token->since = moved_back(folder_, token->since, again);
    start(*token);
    return *token;
  }

  Response page(DeltaToken token) {
    std::vector<DeltaItem> items;
    bool last = token.ended;
    const bool empty = token.empty_pages < call_.provider.settings.empty_pages ||
                       (call_.delta_fault && token.page == 1 && call_.delta_fault->empties());
    if (empty && !last) {
      ++token.empty_pages;
    } else if (!last) {
      if (call_.provider.settings.duplicate_items && token.page > 1) repeat(token, items);
      last = fill(token, items);
      const bool apart =
          call_.switches().graph_empty_last_page || (call_.delta_fault && call_.delta_fault->ends_apart(last));
      if (last && apart) {
        token.ended = true;
        last = false;
      }
    }
    if (call_.delta_fault) call_.delta_fault->bend(items, folder_, call_.preferences);
    ++token.page;
    return written(token, items, last);
  }

 private:
  void start(DeltaToken& token) {
    if (call_.delta_fault) call_.delta_fault->before_round(folder_);
    token.until = visible_change(folder_, call_.switches().graph_visibility_ms);
    if (const std::int64_t missed = call_.delta_fault ? call_.delta_fault->changes_missed() : 0; missed > 0)
      token.until = moved_back(folder_, token.until, missed);
    token.until = std::max(token.since, token.until);
    token.epoch = folder_.epoch;
    token.folder_id = folder_.id;
    token.round = new_token_epoch();
    token.page = 1;
    token.empty_pages = 0;
  }

  GraphError unknown_state() const {
    if (call_.switches().graph_sync_code == "delta_token")
      return bad_request("InvalidDeltaToken", "The delta token is not valid. Please start again without one.");
    return sync_state_not_found(call_.switches().graph_sync_code == "camel",
                                call_.switches().graph_reset_location ? reset_location(call_.request) : "");
  }

  std::size_t page_size() const {
    std::int64_t size = call_.preferences.page_size;
    if (size == 0) size = call_.switches().graph_page_size;
    if (const std::int64_t limit = call_.provider.settings.short_pages; limit > 0) size = std::min(size, limit);
    return static_cast<std::size_t>(std::min<std::int64_t>(size, 1000));
  }

  // A series is not split over pages, so a page may be longer than was asked for. True when nothing is left.
  bool fill(DeltaToken& token, std::vector<DeltaItem>& items) {
    const std::size_t size = page_size();
    std::vector<std::pair<std::uint64_t, std::vector<DeltaItem>>> units;
    std::size_t count = 0;
    auto row = folder_.order().upper_bound(token.since);
    std::uint64_t reached = token.since;
    for (; row != folder_.order().end() && row->first <= token.until && count < size; ++row) {
      reached = row->first;
      std::vector<DeltaItem> unit = unit_of(*row->second, token);
      if (unit.empty()) continue;
      count += unit.size();
      units.emplace_back(row->first, std::move(unit));
    }
    bool last = row == folder_.order().end() || row->first > token.until;
    if (call_.delta_fault && call_.delta_fault->halves(units.size())) {
      last = false;
      const std::size_t kept = (units.size() + 1) / 2;
      Item* skipped = units[kept].second.front().item;
      units.resize(kept);
      reached = units.back().first;
      // The last one again on the next page; or one of the others changes, and is on no page of this round.
      if (call_.delta_fault->repeats()) --reached;
      if (call_.delta_fault->skips() && skipped && !folder_.trace(*skipped)->gone)
        folder_.mailbox.touch(*skipped, false);
    }
    for (auto& [change, unit] : units) std::ranges::move(unit, std::back_inserter(items));
    token.since = last ? token.until : reached;
    return last;
  }

  void repeat(const DeltaToken& token, std::vector<DeltaItem>& items) {
    const auto row = folder_.order().find(token.since);
    if (row == folder_.order().end()) return;
    std::ranges::move(unit_of(*row->second, token), std::back_inserter(items));
  }

  std::vector<DeltaItem> unit_of(Item& item, const DeltaToken& token) {
    std::vector<DeltaItem> unit;
    const Trace& trace = *folder_.trace(item);
    std::vector<Instance> instances;
    if (!trace.gone || call_.switches().graph_removed_series == "occurrences")
      append_instances(item, token.window, call_.clamps(), instances);
    if (trace.gone || instances.empty()) {
      // Also of what the client has never heard of: whatever changes outside of the window looks like this.
      if (token.initial) return unit;
      const std::string& reason = call_.switches().graph_removed_reason;
      const std::string_view told = item.deleted ? std::string_view("deleted") : std::string_view(reason);
      remove(item, std::nullopt, told, unit);
      for (const Instance& instance : instances)
        if (instance.day) remove(item, instance.day, told, unit);
      return unit;
    }
    if (!item.is_series()) {
      append_event(unit.emplace_back(DeltaItem{{}, &item}).json, view_, item, std::nullopt);
      return unit;
    }
    const bool hidden = call_.delta_fault && call_.delta_fault->hides_master();
    if (call_.switches().graph_delta_masters && !hidden)
      append_event(unit.emplace_back(DeltaItem{{}, &item}).json, view_, item, std::nullopt);
    for (const Instance& instance : instances) {
      std::string& json = unit.emplace_back(DeltaItem{{}, &item}).json;
      if (item.exceptions.contains(*instance.day))
        append_event(json, view_, item, instance.day);
      else
        append_stub(json, view_, item, *instance.day);
    }
    return unit;
  }

  void remove(Item& item, std::optional<std::int64_t> day, std::string_view reason, std::vector<DeltaItem>& unit) {
    std::string& json = unit.emplace_back(DeltaItem{{}, &item}).json;
    append_removed(json, item_id(folder_, item, call_.preferences.immutable_ids, day), reason);
  }

  Response written(DeltaToken& token, const std::vector<DeltaItem>& items, bool last) {
    std::string values;
    for (const DeltaItem& item : items) {
      if (!values.empty()) values += ',';
      values += selected_members(item.json, select_);
    }
    std::string link = call_.request.origin() + call_.request.path;
    if (last) {
      token.since = token.until;
      token.generation = ++folder_.generation;
      link += "?$deltatoken=" + encode_delta_token(token);
    } else {
      link += "?$skiptoken=" + encode_delta_token(token);
    }
    std::string body;
    {
      ObjectWriter object(body);
      object.text("@odata.context", call_.root() + "/$metadata#Collection(event)");
      object.text(last ? "@odata.deltaLink" : "@odata.nextLink", link);
      object.raw("value", "[" + values + "]");
    }
    return graph_json(200, std::move(body));
  }

  GraphCall& call_;
  Folder& folder_;
  EventView view_;
  std::string select_;
};

void check_options(const GraphCall& call) {
  std::string refused;
  for (const std::string_view option : {"$orderby", "$filter", "$select", "$expand", "$search"}) {
    if (!call.request.query.has(option)) continue;
    if (option == "$select" && call.switches().graph_delta_select != "error") continue;
    refused = option;
  }
  if (!refused.empty())
    throw bad_request("ErrorInvalidUrlQuery",
                      "The following parameters are not supported with change tracking over the 'CalendarView' "
                      "resource: '$orderby, $filter, $select, $expand, $search'.");
  if (call.request.query.get("$deltatoken") == "latest")
    throw bad_request("InvalidDeltaToken", "The token 'latest' is not supported for this resource.");
}

}  // namespace

Response calendar_view_delta(GraphCall& call) {
  Folder& folder = *listing_of(call).folder;
  check_options(call);
  Round round(call, folder);
  return round.page(round.begin());
}

}  // namespace calsync::emulator::microsoft
