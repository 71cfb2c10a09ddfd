// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/sync/circuit.hpp"

using namespace calsync;
using namespace calsync::sync;
using namespace std::chrono_literals;

namespace {

constexpr CircuitLimits limits{};

struct Calls {
  int failed;
  int good;
  int owners;
};

bool outage_after(const Calls& calls, Duration spread = 10s) {
  CallWindow window(limits);
  const int all = calls.failed + calls.good;
  for (int i = 0; i < all; ++i) {
    const Duration at = 100s + spread * i / std::max(1, all);
    if (i < calls.failed) {
      window.away(at, "owner" + std::to_string(i % calls.owners));
    } else {
      window.answered(at);
    }
  }
  return window.outage(100s + spread);
}

Circuit open_circuit(double unit = 0.5) {
  Circuit circuit;
  circuit.provider = "google";
  circuit.steady = 33;
  circuit.connections = 10000;
  return opened(circuit, "it answers 503", limits, unit);
}

Circuit ramping_circuit(Duration age) {
  Circuit circuit = open_circuit();
  for (int i = 0; i < limits.trust; ++i) circuit = probe_ended(circuit, true, limits, 0.5);
  circuit.age = age;
  return circuit;
}

}  // namespace

TEST_CASE("an outage is many failed calls, most of all, of several owners, within the window") {
  CHECK(outage_after({20, 0, 5}));
  CHECK(outage_after({20, 20, 5}));
  CHECK(outage_after({5000, 0, 5000}));
  CHECK_FALSE(outage_after({19, 0, 19}));
  CHECK_FALSE(outage_after({20, 21, 5}));
  CHECK_FALSE(outage_after({1000, 0, 4}));
  CHECK_FALSE(outage_after({20, 0, 5}, 60s));
}

TEST_CASE("calls that have left the window count no more, and neither do their owners") {
  CallWindow window(limits);
  for (int i = 0; i < 20; ++i) window.away(100s, "owner" + std::to_string(i));
  CHECK(window.outage(129s));
  CHECK_FALSE(window.outage(131s));
  for (int i = 0; i < 20; ++i) window.away(132s, "one");
  CHECK_FALSE(window.outage(132s));
  window.clear();
  CHECK_FALSE(window.outage(132s));
}

TEST_CASE("only silence and 5xx speak of an outage") {
  for (int one = 0; one <= static_cast<int>(Failure::internal); ++one) {
    const auto failure = static_cast<Failure>(one);
    const bool away = failure == Failure::unavailable || failure == Failure::network || failure == Failure::timeout;
    CHECK(means_away(failure) == away);
  }
}

TEST_CASE("probes come at growing pauses with jitter") {
  Circuit circuit = open_circuit();
  CHECK(circuit.state == CircuitState::open);
  CHECK(circuit.probe_in == 5s);
  Duration expected = 5s;
  for (int failed = 1; failed < 20; ++failed) {
    circuit = probe_begun(circuit, limits);
    CHECK(circuit.probe_in == limits.probe_life);
    circuit = probe_ended(circuit, false, limits, 0.5);
    expected = std::min<Duration>(expected * 2, limits.longest_pause);
    CHECK(circuit.probe_in == expected);
    CHECK(circuit.state == CircuitState::open);
  }
  CHECK(probe_ended(circuit, false, limits, 0).probe_in == 45s);
  CHECK(probe_ended(circuit, false, limits, 0.99).probe_in > 74s);
}

TEST_CASE("three answers in a row end the outage, and one failure begins it anew") {
  Circuit circuit = probe_ended(open_circuit(), true, limits, 0.5);
  CHECK(circuit.state == CircuitState::half_open);
  circuit = probe_ended(circuit, true, limits, 0.5);
  const Circuit relapsed = probe_ended(circuit, false, limits, 0.5);
  CHECK(relapsed.state == CircuitState::open);
  CHECK(probe_ended(relapsed, true, limits, 0.5).state == CircuitState::half_open);
  circuit = probe_ended(circuit, true, limits, 0.5);
  CHECK(circuit.state == CircuitState::ramping);
  CHECK(circuit.age == 0s);
  // A late answer changes nothing.
  CHECK(probe_ended(circuit, false, limits, 0.5).state == CircuitState::ramping);
}

TEST_CASE("a lost probe is followed by another, soon") {
  const Circuit circuit = probe_lost(probe_begun(open_circuit(), limits), 0.5);
  CHECK(circuit.state == CircuitState::open);
  CHECK(circuit.probe_in == 2s);
  CHECK(circuit.failed_probes == 0);
}

TEST_CASE("the ramp grows from a quarter to less than one and a half of the steady rate") {
  CHECK(ramp_rate(ramping_circuit(0s), limits) == Approx(33 * 0.25));
  CHECK(ramp_rate(ramping_circuit(30s), limits) == Approx(33 * 0.825));
  CHECK(ramp_rate(ramping_circuit(60s), limits) == Approx(33 * 1.4));
  CHECK(ramp_rate(ramping_circuit(3600s), limits) == Approx(33 * 1.4));
  Circuit small = ramping_circuit(0s);
  small.steady = 0.02;
  CHECK(ramp_rate(small, limits) == limits.least_rate);
}

TEST_CASE("the ramp ends with the backlog, or when everybody must have had a turn") {
  CHECK_FALSE(ramp_over(ramping_circuit(59s), true, limits));
  CHECK(ramp_over(ramping_circuit(60s), true, limits));
  CHECK_FALSE(ramp_over(ramping_circuit(200s), false, limits));
  CHECK_FALSE(ramp_over(ramping_circuit(300s), false, limits));
  CHECK(ramp_over(ramping_circuit(600s), false, limits));
  CHECK(closed(ramping_circuit(300s)).state == CircuitState::closed);
}

TEST_CASE("a relapse of the ramp keeps the beginning of the outage") {
  Circuit circuit = ramping_circuit(20s);
  circuit.away_for = 1800s;
  circuit = opened(circuit, "it answers 503", limits, 0.5);
  CHECK(circuit.away_for == 1800s);
  CHECK(circuit.steady == 33);
  CHECK(circuit.state == CircuitState::open);
}

TEST_CASE("names of states go there and back") {
  for (const auto state : {CircuitState::closed, CircuitState::open, CircuitState::half_open, CircuitState::ramping})
    CHECK(parse_circuit_state(circuit_state_name(state)) == state);
  CHECK(parse_circuit_state("unheard of") == CircuitState::closed);
}
