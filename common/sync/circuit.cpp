// SPDX-License-Identifier: Apache-2.0
#include "common/sync/circuit.hpp"

#include <algorithm>
#include <cmath>

namespace calsync::sync {
namespace {

/// Owners beyond this many prove nothing more.
constexpr std::size_t most_owners = 1000;
/// After an answer the next probe follows soon: people wait.
constexpr std::chrono::seconds soon{2};

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Duration scaled(Duration duration, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

/// Between three quarters and five quarters, so that workers and providers drift apart.
Duration jittered(Duration pause, double unit) { return scaled(pause, 0.75 + 0.5 * unit); }

Duration pause_after(int failed_probes, const CircuitLimits& limits, double unit) {
  const double factor = std::exp2(std::min(failed_probes, 10));
  return jittered(std::min(limits.longest_pause, scaled(limits.first_pause, factor)), unit);
}

Circuit moved(Circuit circuit, CircuitState state) {
  if (circuit.state != state) circuit.age = Duration(0);
  circuit.state = state;
  return circuit;
}

}  // namespace

std::string_view circuit_state_name(CircuitState state) {
  switch (state) {
    case CircuitState::closed:
      return "closed";
    case CircuitState::open:
      return "open";
    case CircuitState::half_open:
      return "half_open";
    case CircuitState::ramping:
      return "ramping";
  }
  return "closed";
}

CircuitState parse_circuit_state(std::string_view name) {
  for (const CircuitState state : {CircuitState::open, CircuitState::half_open, CircuitState::ramping}) {
    if (circuit_state_name(state) == name) return state;
  }
  return CircuitState::closed;
}

bool means_away(Failure failure) {
  return failure == Failure::unavailable || failure == Failure::network || failure == Failure::timeout;
}

CallWindow::Slot& CallWindow::slot(Duration now) {
  const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  if (slots_.empty() || slots_.back().second != second) {
    slots_.push_back({second, 0, 0});
    forget(now);
  }
  return slots_.back();
}

void CallWindow::forget(Duration now) {
  const std::int64_t first = std::chrono::duration_cast<std::chrono::seconds>(now - limits_.window).count();
  while (!slots_.empty() && slots_.front().second <= first) slots_.pop_front();
  std::erase_if(owners_, [&](const auto& one) { return now - one.second > limits_.window; });
}

void CallWindow::answered(Duration now) { ++slot(now).calls; }

void CallWindow::away(Duration now, std::string_view owner) {
  Slot& current = slot(now);
  ++current.calls;
  ++current.failures;
  if (const auto known = owners_.find(owner); known != owners_.end()) {
    known->second = now;
  } else if (owners_.size() < most_owners) {
    owners_.emplace(owner, now);
  }
}

bool CallWindow::outage(Duration now) {
  forget(now);
  int calls = 0;
  int failures = 0;
  for (const Slot& one : slots_) {
    calls += one.calls;
    failures += one.failures;
  }
  return failures >= limits_.failures && failures >= limits_.share * calls &&
         owners_.size() >= static_cast<std::size_t>(limits_.owners);
}

bool CallWindow::idle(Duration now) const {
  return slots_.empty() || now - std::chrono::seconds(slots_.back().second) > limits_.window;
}

void CallWindow::clear() {
  slots_.clear();
  owners_.clear();
}

Circuit opened(Circuit circuit, std::string reason, const CircuitLimits& limits, double unit) {
  if (circuit.state == CircuitState::closed) circuit.away_for = Duration(0);
  circuit = moved(std::move(circuit), CircuitState::open);
  circuit.reason = std::move(reason);
  circuit.failed_probes = 0;
  circuit.good_probes = 0;
  circuit.probe_in = pause_after(0, limits, unit);
  return circuit;
}

Circuit probe_begun(Circuit circuit, const CircuitLimits& limits) {
  circuit.probe_in = limits.probe_life;
  return circuit;
}

Circuit probe_ended(Circuit circuit, bool answered, const CircuitLimits& limits, double unit) {
  if (circuit.state != CircuitState::open && circuit.state != CircuitState::half_open) return circuit;
  if (!answered) {
    circuit = moved(std::move(circuit), CircuitState::open);
    circuit.good_probes = 0;
    circuit.probe_in = pause_after(++circuit.failed_probes, limits, unit);
    return circuit;
  }
  circuit.probe_in = jittered(soon, unit);
  const bool trusted = ++circuit.good_probes >= limits.trust;
  return moved(std::move(circuit), trusted ? CircuitState::ramping : CircuitState::half_open);
}

Circuit probe_lost(Circuit circuit, double unit) {
  circuit.probe_in = jittered(soon, unit);
  return circuit;
}

Circuit released(Circuit circuit, std::string reason) {
  circuit.reason = std::move(reason);
  circuit.away_for = Duration(0);
  return moved(std::move(circuit), CircuitState::ramping);
}

Circuit closed(Circuit circuit) { return moved(std::move(circuit), CircuitState::closed); }

double ramp_rate(const Circuit& circuit, const CircuitLimits& limits) {
  const double done = std::clamp(seconds_of(circuit.age) / seconds_of(limits.ramp), 0.0, 1.0);
  const double share = limits.first_share + (limits.full_share - limits.first_share) * done;
  return std::max(limits.least_rate, circuit.steady * share);
}

bool ramp_over(const Circuit& circuit, bool backlog_gone, const CircuitLimits& limits) {
  if (circuit.age < limits.ramp) return false;
  const double full = std::max(limits.least_rate, circuit.steady * limits.full_share);
  return backlog_gone || seconds_of(circuit.age - limits.ramp) > 2 * circuit.connections / full;
}

}  // namespace calsync::sync
