// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/provider/dice.hpp"
#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

class FeedAuthor;

/// Changes what is true at the provider, as people do, through the emulator's own model: each change announces itself
/// to push channels, and the next delta tells it. Which change comes is drawn from `random`.
class Mutator {
 public:
  /// `grants` are accounts of the world that it may change.
  Mutator(EmulatedWorld& world, Random& random, std::vector<Grant> grants);

  void add_feed(FeedAuthor& feed) { feeds_.push_back(&feed); }
  /// One change; what kind it was.
  std::string mutate();
  /// One change of this kind; false when nothing is there to be changed so.
  bool mutate(std::string_view kind);
  static std::vector<std::string_view> kinds();
  const std::map<std::string, int, std::less<>>& done() const { return done_; }

 private:
  struct Kind;
  struct Place {
    const Grant* grant = nullptr;
    emulator::CalendarListEntry* entry = nullptr;
    emulator::Calendar& calendar() const { return *entry->calendar; }
  };
  using Filter = std::function<bool(const emulator::Event&)>;
  static const std::vector<Kind>& catalogue();

  Place place();
  /// Whether the account's own calendar is meant: its guests have a `self`.
  std::string self_of(const Place& place) const;
  emulator::Event* some_event(Place& place, const Filter& filter);
  bool order(std::string_view method, std::string_view target, const Place& place, std::string_view members);
  std::string occurrence_of(const emulator::Event& master);

  bool insert(const std::string& event);
  bool insert_timed();
  bool insert_all_day();
  bool insert_series();
  bool insert_all_day_series();
  bool insert_at_clock_change();
  bool insert_unicode();
  bool burst();
  bool edit_words();
  bool edit_time();
  bool edit_reminders();
  bool delete_single();
  bool revive();
  bool recreate();
  bool move_to_calendar();
  bool edit_series();
  bool change_rule();
  bool move_series();
  bool delete_series();
  bool split_series();
  bool change_occurrence();
  bool move_occurrence();
  bool cancel_occurrence();
  bool add_calendar();
  bool remove_calendar();
  bool share_calendar();
  bool rename_calendar();
  bool change_role();
  bool edit_feed();

  EmulatedWorld& world_;
  Dice dice_;
  std::vector<Grant> grants_;
  std::vector<FeedAuthor*> feeds_;
  std::map<std::string, int, std::less<>> done_;
  int calendars_made_ = 0;
};

}  // namespace calsync::simulation
