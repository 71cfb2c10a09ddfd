// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/provider/dice.hpp"
#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

/// Changes what is true in mailboxes, as people do. As the Mutator of the other half.
class GraphMutator {
 public:
  GraphMutator(EmulatedWorld& world, Random& random, std::vector<Grant> grants);

  /// One change; what kind it was.
  std::string mutate();
  /// One change of this kind; false when nothing is there to be changed so.
  bool mutate(std::string_view kind);

 private:
  using Item = emulator::microsoft::Item;
  using Folder = emulator::microsoft::Folder;
  struct Kind;
  struct Place {
    const Grant* grant = nullptr;
    Folder* folder = nullptr;
  };
  struct Found {
    Place place{};
    Item* item = nullptr;
    explicit operator bool() const { return item != nullptr; }
  };
  static const std::vector<Kind>& catalogue();

  Place place();
  Found some_item(const std::function<bool(const Item&)>& filter);
  Found some_series();
  /// A day on which the series takes place, near now.
  std::optional<std::int64_t> some_day(const Item& series);
  std::int64_t now_seconds() const;

  bool order(std::string_view method, std::string_view target, const Place& at, const std::string& members);
  bool insert(const std::string& event);
  bool patch(const Found& found, const std::string& event);
  bool patch(const Found& found, std::int64_t day, const std::string& event);
  bool remove(const Found& found);

  bool insert_timed();
  bool insert_all_day();
  bool insert_series();
  bool insert_all_day_series();
  bool insert_at_clock_change();
  bool insert_unicode();
  bool burst();
  bool edit_words();
  bool edit_time();
  bool delete_single();
  bool leave_window();
  bool move_to_calendar();
  bool edit_series();
  bool change_rule();
  bool change_zone();
  bool become_single();
  bool become_series();
  bool delete_series();
  bool change_occurrence();
  bool move_occurrence();
  bool move_occurrence_far();
  bool remove_occurrence();
  bool call_off_occurrence();
  bool add_calendar();
  bool remove_calendar();
  bool rename_calendar();
  bool share_calendar();

  EmulatedWorld& world_;
  Dice dice_;
  std::vector<Grant> grants_;
  int calendars_made_ = 0;
};

}  // namespace calsync::simulation
