// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "tests/contract/store_contract/dice.hpp"
#include "tests/contract/store_contract/real_database.hpp"
#include "tests/contract/store_contract/render.hpp"
#include "tests/simulation/database/outsiders.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::contract {

class SettableClock final : public Clock {
 public:
  Time now() const override { return at; }
  Duration monotonic() const override { return at.time_since_epoch(); }
  Time at = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
};

/// Ids of the two small sides of the world: they collide often.
const std::vector<std::string>& worker_ids();
const std::vector<std::string>& owner_ids();
const std::vector<std::string>& calendar_ids();

/// Both databases, at the same time and, unless something is wrong, with the same contents.
class World {
 public:
  World(RealDatabase& postgres, simulation::Plant plant);

  store::WorkerDatabase& memory_worker(std::size_t index) { return *memory_workers_[index]; }
  store::WorkerDatabase& memory_others() { return *memory_workers_.back(); }
  /// Moves both; `next_id`: see RealDatabase::set.
  void move(Duration ahead, const std::string& next_id);

  RealDatabase& real;
  SettableClock clock;
  simulation::MemoryDatabase memory{clock};
  simulation::ApiServer api{memory};
  simulation::Operator people{memory};
  asio::io_context context{};
  KeyRing keys;

 private:
  std::vector<std::unique_ptr<store::WorkerDatabase>> memory_workers_;
};

/// One operation on both sides. What it does is decided by dice and by the double's state before it.
class Step {
 public:
  Step(World& both, std::uint64_t seed) : world(both), dice(seed) {}

  /// `ask(WorkerDatabase&)` returns the same kind of task for either side.
  template <class Ask>
  void as_worker(std::size_t index, Ask ask) {
    compare([&] { return world.real.run(ask(world.real.worker(index))); },
            [&] { return testing::run_task(world.context, ask(world.memory_worker(index))); });
  }
  template <class Ask>
  void as_worker(Ask ask) {
    as_worker(static_cast<std::size_t>(dice.below(static_cast<int>(worker_ids().size()))), ask);
  }
  template <class Ask>
  void as_api(Ask ask) {
    compare([&] { return world.real.run(ask(world.real.others())); },
            [&] { return testing::run_task(world.context, ask(world.memory_others())); });
  }
  template <class Real, class Memory>
  void compare(Real real, Memory memory) {
    note(outcome(real), outcome(memory));
  }
  void note(const std::string& real, const std::string& memory);

  World& world;
  Dice dice;
  std::string difference{};  ///< "" = none

 private:
  template <class Ask>
  static std::string outcome(Ask& ask) {
    try {
      if constexpr (std::is_void_v<decltype(ask())>) {
        ask();
        return "done";
      } else {
        return render(ask());
      }
    } catch (const db::DatabaseError& error) {
      return "error " + error.sqlstate();
    }
  }
};

/// A gate that lets everybody in, and its word for `operation`.
const sync::GateSettings& open_gate();
sync::Admission admission(sync::Operation operation = sync::Operation::use_calendar);

}  // namespace calsync::contract
