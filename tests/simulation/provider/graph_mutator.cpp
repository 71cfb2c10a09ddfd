// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/graph_mutator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/emulator/json.hpp"
#include "tests/emulator/microsoft/graph_id.hpp"

namespace calsync::simulation {

namespace graph = emulator::microsoft;

struct GraphMutator::Kind {
  std::string_view name;
  std::size_t weight = 1;
  bool (GraphMutator::*make)() = nullptr;
};

const std::vector<GraphMutator::Kind>& GraphMutator::catalogue() {
  static const std::vector<Kind> kinds{{"insert_timed", 12, &GraphMutator::insert_timed},
                                       {"insert_all_day", 4, &GraphMutator::insert_all_day},
                                       {"insert_series", 6, &GraphMutator::insert_series},
                                       {"insert_all_day_series", 2, &GraphMutator::insert_all_day_series},
                                       {"insert_at_clock_change", 2, &GraphMutator::insert_at_clock_change},
                                       {"insert_unicode", 2, &GraphMutator::insert_unicode},
                                       {"burst", 1, &GraphMutator::burst},
                                       {"edit_words", 10, &GraphMutator::edit_words},
                                       {"edit_time", 6, &GraphMutator::edit_time},
                                       {"delete_single", 6, &GraphMutator::delete_single},
                                       {"leave_window", 3, &GraphMutator::leave_window},
                                       {"move_to_calendar", 3, &GraphMutator::move_to_calendar},
                                       {"edit_series", 4, &GraphMutator::edit_series},
                                       {"change_rule", 2, &GraphMutator::change_rule},
                                       {"change_zone", 2, &GraphMutator::change_zone},
                                       {"become_single", 1, &GraphMutator::become_single},
                                       {"become_series", 1, &GraphMutator::become_series},
                                       {"delete_series", 3, &GraphMutator::delete_series},
                                       {"change_occurrence", 5, &GraphMutator::change_occurrence},
                                       {"move_occurrence", 5, &GraphMutator::move_occurrence},
                                       {"move_occurrence_far", 2, &GraphMutator::move_occurrence_far},
                                       {"remove_occurrence", 5, &GraphMutator::remove_occurrence},
                                       {"call_off_occurrence", 2, &GraphMutator::call_off_occurrence},
                                       {"add_calendar", 1, &GraphMutator::add_calendar},
                                       {"remove_calendar", 1, &GraphMutator::remove_calendar},
                                       {"rename_calendar", 1, &GraphMutator::rename_calendar},
                                       {"share_calendar", 1, &GraphMutator::share_calendar}};
  return kinds;
}

GraphMutator::GraphMutator(EmulatedWorld& world, Random& random, std::vector<Grant> grants)
    : world_(world), dice_(random), grants_(std::move(grants)) {
  if (grants_.empty()) throw std::invalid_argument("a mutator needs a mailbox");
}

bool GraphMutator::mutate(std::string_view name) {
  const auto kind = std::ranges::find(catalogue(), name, &Kind::name);
  if (kind == catalogue().end()) throw std::invalid_argument("no such change: " + std::string(name));
  return (this->*kind->make)();
}

std::string GraphMutator::mutate() {
  std::size_t sum = 0;
  for (const Kind& kind : catalogue()) sum += kind.weight;
  for (int attempt = 0; attempt < 20; ++attempt) {
    std::size_t drawn = dice_.below(sum);
    for (const Kind& kind : catalogue()) {
      if (drawn >= kind.weight) {
        drawn -= kind.weight;
        continue;
      }
      if (mutate(kind.name)) return std::string(kind.name);
      break;
    }
  }
  mutate("insert_timed");
  return "insert_timed";
}

std::int64_t GraphMutator::now_seconds() const {
  return std::chrono::floor<std::chrono::seconds>(world_.now()).time_since_epoch().count();
}

GraphMutator::Place GraphMutator::place() {
  const Grant& grant = dice_.pick(grants_);
  std::vector<Folder*> folders;
  for (const graph::Listing& one : world_.provider.microsoft.find(grant.email)->listings)
    if (!one.folder->removed) folders.push_back(one.folder);
  return {&grant, dice_.pick(folders)};
}

GraphMutator::Found GraphMutator::some_item(const std::function<bool(const Item&)>& filter) {
  const Place at = place();
  std::vector<Item*> fitting;
  for (Item* item : at.folder->living())
    if (filter(*item)) fitting.push_back(item);
  return {at, fitting.empty() ? nullptr : dice_.pick(fitting)};
}

GraphMutator::Found GraphMutator::some_series() {
  return some_item([](const Item& item) { return item.is_series(); });
}

std::optional<std::int64_t> GraphMutator::some_day(const Item& series) {
  const std::int64_t today = now_seconds() / 86400;
  auto days = graph::occurrence_days(*series.recurrence, today - 40, today + 90, true, 60);
  std::erase_if(days, [&](std::int64_t day) { return series.removed_days.contains(day); });
  if (days.empty()) return std::nullopt;
  return dice_.pick(days);
}

/// A control call about a mailbox's calendar. False when the emulator refuses it.
bool GraphMutator::order(std::string_view method, std::string_view target, const Place& at,
                         const std::string& members) {
  std::string body;
  {
    emulator::ObjectWriter object(body);
    object.text("email", at.grant->email);
    object.text("calendar_id", at.folder->id);
    object.members(members);
  }
  return world_.try_call(method, target, std::move(body)).status == 200;
}

bool GraphMutator::insert(const std::string& event) {
  return order("POST", "/control/microsoft/events", place(), R"("event":)" + event);
}

bool GraphMutator::patch(const Found& found, const std::string& event) {
  return found && order("PATCH", "/control/microsoft/events", found.place,
                        fmt::format(R"("event_id":"{}","event":{})",
                                    graph::item_id(*found.item->folder, *found.item, true), event));
}

bool GraphMutator::patch(const Found& found, std::int64_t day, const std::string& event) {
  return order(
      "PATCH", "/control/microsoft/events", found.place,
      fmt::format(R"("event_id":"{}","event":{})", graph::item_id(*found.item->folder, *found.item, true, day), event));
}

bool GraphMutator::remove(const Found& found) {
  return found && order("DELETE", "/control/microsoft/events", found.place,
                        fmt::format(R"("event_id":"{}")", graph::item_id(*found.item->folder, *found.item, true)));
}

}  // namespace calsync::simulation
