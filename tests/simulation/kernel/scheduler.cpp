// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/kernel/scheduler.hpp"

#include <algorithm>

#include "tests/simulation/kernel/process.hpp"

namespace calsync::simulation {

std::vector<Process*> Scheduler::runnable() const {
  std::vector<Process*> found;
  for (Process* process : processes_) {
    if (process->paused()) continue;
    process->wake_sleepers();
    if (!process->ready_.empty()) found.push_back(process);
  }
  return found;
}

bool Scheduler::step() {
  if (stopped_) return false;
  const std::vector<Process*> ready = runnable();
  if (ready.empty()) return false;
  Process& process = *ready[random_.below(ready.size())];
  ++steps_;
  trace_.mix(static_cast<std::uint64_t>(elapsed_.count()));
  trace_.mix(process.name());
  process.run_next();
  return true;
}

void Scheduler::at(Duration when, std::function<void()> action) {
  actions_.emplace(TimerKey{std::max(when, elapsed_), ++arrivals_}, std::move(action));
}

bool Scheduler::jump(Duration until) {
  if (stopped_) return false;
  Duration next = actions_.empty() ? Duration::max() : actions_.begin()->first.first;
  for (const Process* process : processes_) next = std::min(next, process->next_timer());
  if (next > until) return false;
  elapsed_ = std::max(elapsed_, next);
  if (!actions_.empty() && actions_.begin()->first.first <= elapsed_) {
    const auto action = actions_.extract(actions_.begin());
    action.mapped()();
  }
  return true;
}

void Scheduler::run_until(Duration until) {
  do {
    while (step()) {
    }
  } while (jump(until));
  elapsed_ = std::max(elapsed_, until);
}

}  // namespace calsync::simulation
