// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/mutator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/emulator/json.hpp"
#include "tests/emulator/recurrence.hpp"
#include "tests/simulation/provider/feed_author.hpp"

namespace calsync::simulation {

struct Mutator::Kind {
  std::string_view name;
  std::size_t weight = 1;
  bool (Mutator::*make)() = nullptr;
};

const std::vector<Mutator::Kind>& Mutator::catalogue() {
  static const std::vector<Kind> kinds{{"insert_timed", 12, &Mutator::insert_timed},
                                       {"insert_all_day", 4, &Mutator::insert_all_day},
                                       {"insert_series", 5, &Mutator::insert_series},
                                       {"insert_all_day_series", 2, &Mutator::insert_all_day_series},
                                       {"insert_at_clock_change", 2, &Mutator::insert_at_clock_change},
                                       {"insert_unicode", 2, &Mutator::insert_unicode},
                                       {"burst", 1, &Mutator::burst},
                                       {"edit_words", 10, &Mutator::edit_words},
                                       {"edit_time", 6, &Mutator::edit_time},
                                       {"edit_reminders", 2, &Mutator::edit_reminders},
                                       {"delete_single", 6, &Mutator::delete_single},
                                       {"revive", 2, &Mutator::revive},
                                       {"recreate", 2, &Mutator::recreate},
                                       {"move_to_calendar", 3, &Mutator::move_to_calendar},
                                       {"edit_series", 3, &Mutator::edit_series},
                                       {"change_rule", 2, &Mutator::change_rule},
                                       {"move_series", 2, &Mutator::move_series},
                                       {"delete_series", 2, &Mutator::delete_series},
                                       {"split_series", 2, &Mutator::split_series},
                                       {"change_occurrence", 4, &Mutator::change_occurrence},
                                       {"move_occurrence", 4, &Mutator::move_occurrence},
                                       {"cancel_occurrence", 4, &Mutator::cancel_occurrence},
                                       {"add_calendar", 1, &Mutator::add_calendar},
                                       {"remove_calendar", 1, &Mutator::remove_calendar},
                                       {"share_calendar", 1, &Mutator::share_calendar},
                                       {"rename_calendar", 1, &Mutator::rename_calendar},
                                       {"change_role", 1, &Mutator::change_role},
                                       {"edit_feed", 6, &Mutator::edit_feed}};
  return kinds;
}

std::vector<std::string_view> Mutator::kinds() {
  std::vector<std::string_view> names;
  for (const Kind& kind : catalogue()) names.push_back(kind.name);
  return names;
}

Mutator::Mutator(EmulatedWorld& world, Random& random, std::vector<Grant> grants)
    : world_(world), dice_(random), grants_(std::move(grants)) {
  if (grants_.empty()) throw std::invalid_argument("a mutator needs an account");
}

bool Mutator::mutate(std::string_view name) {
  const auto kind = std::ranges::find(catalogue(), name, &Kind::name);
  if (kind == catalogue().end()) throw std::invalid_argument("no such change: " + std::string(name));
  const bool made = (this->*kind->make)();
  if (made) ++done_[std::string(name)];
  return made;
}

std::string Mutator::mutate() {
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

/// Some calendar that an account sees.
Mutator::Place Mutator::place() {
  const Grant& grant = dice_.pick(grants_);
  std::vector<emulator::CalendarListEntry*> entries;
  for (const auto& entry : world_.provider.find_account(grant.email)->entries())
    if (!entry->deleted) entries.push_back(entry.get());
  if (entries.empty()) throw std::logic_error("the account " + grant.email + " has no calendar");
  return {&grant, dice_.pick(entries)};
}

std::string Mutator::self_of(const Place& place) const { return place.calendar().primary ? place.calendar().id : ""; }

emulator::Event* Mutator::some_event(Place& place, const Filter& filter) {
  std::vector<emulator::Event*> fitting;
  for (const auto& event : place.calendar().events())
    if (!event->hidden && filter(*event)) fitting.push_back(event.get());
  return fitting.empty() ? nullptr : dice_.pick(fitting);
}

/// A control call about an account's calendar. False when the emulator refuses it, as it does where something was
/// changed before.
bool Mutator::order(std::string_view method, std::string_view target, const Place& place, std::string_view members) {
  std::string body;
  {
    emulator::ObjectWriter object(body);
    object.text("email", place.grant->email);
    object.text("calendar_id", place.calendar().id);
    object.members(members);
  }
  return world_.try_call(method, target, std::move(body)).status == 200;
}

/// The original start of some occurrence near now, as in an instance's id; "" when there is none.
std::string Mutator::occurrence_of(const emulator::Event& master) {
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(world_.now()).time_since_epoch().count();
  const emulator::ExpansionWindow window{now - 30 * 86400, now + 90 * 86400, 40};
  const auto times = emulator::occurrences(master.start, master.recurrence, window);
  return times.empty() ? std::string() : master.start.moved_to(dice_.pick(times)).id_suffix();
}

bool Mutator::edit_feed() {
  if (feeds_.empty()) return false;
  dice_.pick(feeds_)->mutate();
  return true;
}

}  // namespace calsync::simulation
