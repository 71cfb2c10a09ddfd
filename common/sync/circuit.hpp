// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/base/time.hpp"

namespace calsync::sync {

/// closed -> open -> half_open -> ramping -> closed; a failed probe leads back to open, and so does a new outage.
enum class CircuitState {
  closed,     ///< runs start as they are due
  open,       ///< the provider is away: nothing but probes
  half_open,  ///< a probe was answered; a few more are wanted
  ramping     ///< it is back: what has piled up is worked off slowly
};
std::string_view circuit_state_name(CircuitState state);
CircuitState parse_circuit_state(std::string_view name);

struct CircuitLimits {
  int failures = 20;   ///< failed calls in the window,
  double share = 0.5;  ///< this share of all,
  int owners = 5;      ///< of so many owners: an outage. One owner's thousand calendars are that owner's trouble
  Duration window = std::chrono::seconds(30);
  Duration first_pause = std::chrono::seconds(5);  ///< between probes of all workers
  Duration longest_pause = std::chrono::seconds(60);
  Duration probe_life = std::chrono::seconds(45);  ///< a probe that is not heard of by then is lost
  int trust = 3;                                   ///< answered probes in a row that end the outage
  Duration ramp = std::chrono::seconds(60);        ///< from first_share to full_share of the steady rate
  double first_share = 0.25;
  double full_share = 1.4;
  double least_rate = 2;  ///< runs a second
};

/// One provider at one host, as all workers share it. Times are relative to the moment it was read.
struct Circuit {
  std::string provider{};
  std::string host{};
  CircuitState state = CircuitState::closed;
  Duration age{0};       ///< in this state
  Duration away_for{0};  ///< since it opened
  Duration probe_in{0};  ///< zero or less = a probe may be made
  int failed_probes = 0;
  int good_probes = 0;
  double steady = 0;       ///< runs a second that the connections' frequencies ask for
  double connections = 0;  ///< enabled ones
  std::string reason{};
  std::int64_t version = 0;  ///< of the stored row; 0 = there is none
};

/// What one call says about its provider: failures of kind unavailable, network and timeout mean "away".
bool means_away(Failure failure);

/// The calls of the last seconds.
class CallWindow {
 public:
  explicit CallWindow(CircuitLimits limits) : limits_(limits) {}
  void answered(Duration now);
  void away(Duration now, std::string_view owner);
  bool outage(Duration now);
  /// Nothing was heard in the window.
  bool idle(Duration now) const;
  void clear();

 private:
  struct Slot {
    std::int64_t second = 0;
    int calls = 0;
    int failures = 0;
  };
  Slot& slot(Duration now);
  void forget(Duration now);

  CircuitLimits limits_;
  std::deque<Slot> slots_;
  std::map<std::string, Duration, std::less<>> owners_;  ///< when they failed last
};

/// Each gives the circuit as it is to be stored. `unit` in [0, 1) is the jitter.
Circuit opened(Circuit circuit, std::string reason, const CircuitLimits& limits, double unit);
Circuit probe_begun(Circuit circuit, const CircuitLimits& limits);
Circuit probe_ended(Circuit circuit, bool answered, const CircuitLimits& limits, double unit);
/// Nobody knows what came of the probe: soon another.
Circuit probe_lost(Circuit circuit, double unit);
Circuit closed(Circuit circuit);
/// A switch came back on: what has piled up meanwhile is worked off as after an outage.
Circuit released(Circuit circuit, std::string reason);

/// Runs a second, of all workers, while it is ramping.
double ramp_rate(const Circuit& circuit, const CircuitLimits& limits);
/// `backlog_gone`: nothing of the provider is due any more. The ramp ends without that, too, once everybody must have
/// had a turn.
bool ramp_over(const Circuit& circuit, bool backlog_gone, const CircuitLimits& limits);

}  // namespace calsync::sync
