// SPDX-License-Identifier: Apache-2.0
// Faults of what events.list says: of its items, its pages and its tokens. Whatever they do, the next delta puts it
// right for whoever keeps the sync token that came with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "calendar.hpp"
#include "event_json.hpp"
#include "fault.hpp"
#include "list_token.hpp"

namespace calsync::emulator {

struct ListItem {
  Event* event = nullptr;
  std::string json;
};

bool bends_list(std::string_view kind);

// One call that such a fault hits. `done` tells whether there was anything that it could bend.
class ListFault {
 public:
  explicit ListFault(const Fault& fault) : fault_(fault), kind_(fault.kind) {}

  bool done = false;

  // The calendar as a replica has it that missed its latest changes; null for any other fault, or when nothing differs.
  std::unique_ptr<Calendar> replica(const Calendar& calendar, std::uint64_t known_to_client);
  void before_list(Calendar& calendar);
  // Whether the page ends after half of its items, and what the next one then does.
  bool halves(std::size_t items);
  bool repeats() const { return kind_ == "page_overlap"; }
  void leave_out(Calendar& calendar, const std::vector<ListItem>& page, std::size_t kept, std::uint64_t snapshot);
  void bend_items(Calendar& calendar, std::vector<ListItem>& items);
  // On the last page: adds an older version of an item. The change that the sync token may know of at most.
  std::uint64_t add_older(const Calendar& calendar, const EventView& view, std::vector<ListItem>& items,
                          std::uint64_t snapshot);

 private:
  void spoil(Calendar& calendar, std::vector<ListItem>& items);
  void put_exceptions_first(std::vector<ListItem>& items);
  std::size_t choice(std::size_t n) const { return static_cast<std::size_t>(fault_.fired * 7 + fault_.id) % n; }
  std::int64_t count(std::int64_t otherwise) const { return fault_.count > 0 ? fault_.count : otherwise; }

  const Fault& fault_;
  std::string_view kind_;
};

}  // namespace calsync::emulator
