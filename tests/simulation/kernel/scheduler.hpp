// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "tests/simulation/kernel/seeded_random.hpp"
#include "tests/simulation/kernel/trace.hpp"

namespace calsync::simulation {

class Process;

/// Virtual time and the order of things. One step runs one handler of one process, chosen by the seed among all that
/// are ready; when none is, time jumps to the next timer. Whoever is paused keeps its handlers and its timers.
class Scheduler {
 public:
  using TimerKey = std::pair<Duration, std::uint64_t>;

  Scheduler(Time start, std::uint64_t seed, Trace& trace) : start_(start), random_(seed), trace_(trace) {}

  Duration elapsed() const { return elapsed_; }
  /// True time, as the database and the provider see it.
  Time now() const { return start_ + elapsed_; }

  /// Runs until nothing is left to do before `until`, and moves time there.
  void run_until(Duration until);
  /// Nothing runs any more.
  void stop() { stopped_ = true; }

  /// What the world does by itself at a time, outside all processes.
  void at(Duration when, std::function<void()> action);
  void after(Duration wait, std::function<void()> action) { at(elapsed_ + wait, std::move(action)); }

  std::uint64_t steps() const { return steps_; }
  Trace& trace() { return trace_; }

 private:
  friend class Process;
  void add(Process& process) { processes_.push_back(&process); }
  void remove(Process& process) { std::erase(processes_, &process); }

  bool step();
  bool jump(Duration until);
  std::vector<Process*> runnable() const;

  Time start_;
  Duration elapsed_{0};
  SeededRandom random_;
  Trace& trace_;
  std::vector<Process*> processes_;  // in the order of their births
  std::map<TimerKey, std::function<void()>> actions_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t steps_ = 0;
  bool stopped_ = false;
};

}  // namespace calsync::simulation
