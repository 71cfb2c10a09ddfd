// SPDX-License-Identifier: Apache-2.0
#include "list_fault.hpp"

#include <algorithm>
#include <array>

#include "event_spoil.hpp"

namespace calsync::emulator {
namespace {

constexpr std::array<std::string_view, 7> bending{"item_twice",    "page_overlap",  "page_skip",    "exception_first",
                                                  "older_version", "stale_replica", "flapping_etag"};

bool is_live(const ListItem& item) { return !item.event->cancelled(); }

}  // namespace

bool bends_list(std::string_view kind) { return std::ranges::find(bending, kind) != bending.end() || spoils(kind); }

std::unique_ptr<Calendar> ListFault::replica(const Calendar& calendar, std::uint64_t known_to_client) {
  if (kind_ != "stale_replica") return nullptr;
  const auto& versions = calendar.versions();
  const auto behind = static_cast<std::size_t>(count(3));
  if (versions.size() <= behind) return nullptr;
  // Never older than what the client knows: a replica that is would answer 410.
  const std::uint64_t at = std::max(versions[versions.size() - 1 - behind].change, known_to_client);
  if (at >= calendar.last_change()) return nullptr;
  done = true;
  return calendar.as_of(at);
}

// A new etag that no change of content explains.
void ListFault::before_list(Calendar& calendar) {
  if (kind_ != "flapping_etag") return;
  std::vector<Event*> live;
  for (const auto& event : calendar.events())
    if (!event->hidden && !event->cancelled()) live.push_back(event.get());
  for (std::int64_t i = count(3); i > 0 && !live.empty(); --i) {
    const std::size_t chosen = choice(live.size());
    calendar.touch(*live[chosen], false);
    live.erase(live.begin() + static_cast<std::ptrdiff_t>(chosen));
    done = true;
  }
}

bool ListFault::halves(std::size_t items) {
  if ((kind_ != "page_overlap" && kind_ != "page_skip") || items < 2) return false;
  return done = true;
}

// One of the items that would have come changes now, and so loses its place in the list: it is on no page.
void ListFault::leave_out(Calendar& calendar, const std::vector<ListItem>& page, std::size_t kept,
                          std::uint64_t snapshot) {
  if (kind_ != "page_skip") return;
  Event& event = *page[kept + choice(page.size() - kept)].event;
  event.left_out_of = snapshot;
  calendar.touch(event, false);
}

void ListFault::bend_items(Calendar& calendar, std::vector<ListItem>& items) {
  if (items.empty()) return;
  if (kind_ == "exception_first") return put_exceptions_first(items);
  if (spoils(kind_)) return spoil(calendar, items);
  if (kind_ != "item_twice") return;
  items.push_back(items[choice(items.size())]);
  done = true;
}

void ListFault::put_exceptions_first(std::vector<ListItem>& items) {
  const auto is_exception = [](const ListItem& item) { return item.event->is_exception(); };
  if (std::ranges::is_partitioned(items, is_exception)) return;
  std::ranges::stable_partition(items, is_exception);
  done = std::ranges::any_of(items, is_exception);
}

// The items change for everybody right after, so that they come again, and right.
void ListFault::spoil(Calendar& calendar, std::vector<ListItem>& items) {
  std::vector<ListItem*> live;
  for (ListItem& item : items)
    if (is_live(item)) live.push_back(&item);
  for (std::int64_t i = count(1); i > 0 && !live.empty(); --i) {
    const std::size_t chosen = choice(live.size());
    ListItem& item = *live[chosen];
    live.erase(live.begin() + static_cast<std::ptrdiff_t>(chosen));
    if (!spoil_event(item.json, kind_)) continue;
    calendar.touch(*item.event, false);
    done = true;
  }
}

std::uint64_t ListFault::add_older(const Calendar& calendar, const EventView& view, std::vector<ListItem>& items,
                                   std::uint64_t snapshot) {
  if (kind_ != "older_version") return snapshot;
  const auto& versions = calendar.versions();
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    Event* event = calendar.find(version->event.id);
    if (!event || event->hidden || version->event.hidden || event->change == version->change) continue;
    std::string json;
    if (version->event.cancelled())
      append_tombstone(json, version->event, view.zone);
    else
      append_event(json, calendar, version->event, view);
    items.push_back({event, std::move(json)});
    done = true;
    return std::min(snapshot, event->change - 1);
  }
  return snapshot;
}

}  // namespace calsync::emulator
