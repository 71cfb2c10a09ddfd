// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/breaker.hpp"

#include <fmt/format.h>

#include <vector>

namespace calsync::worker {
namespace {

using sync::CircuitState;

/// A few connections make no herd.
constexpr double fewest_to_ramp = 200;

bool blocks(CircuitState state) { return state == CircuitState::open || state == CircuitState::half_open; }

}  // namespace

Breaker::Watched& Breaker::watched(const Place& place) {
  const auto [found, added] = places_.try_emplace(place, limits_);
  if (added) {
    found->second.circuit.provider = place.provider;
    found->second.circuit.host = place.host;
  }
  return found->second;
}

const Breaker::Watched* Breaker::find(const Place& place) const {
  const auto found = places_.find(place);
  return found == places_.end() ? nullptr : &found->second;
}

sync::Circuit Breaker::now_of(const Watched& one) const {
  sync::Circuit circuit = one.circuit;
  const Duration passed = services_.clock.monotonic() - one.read_at;
  circuit.age += passed;
  circuit.away_for += passed;
  circuit.probe_in -= passed;
  return circuit;
}

bool Breaker::away(const Place& place) const {
  const Watched* one = find(place);
  return one && (one->suspected || blocks(one->circuit.state));
}

Duration Breaker::probe_in(const Place& place) const {
  const Watched* one = find(place);
  if (!one || !blocks(one->circuit.state)) return limits_.first_pause;
  return std::max<Duration>(std::chrono::seconds(1), now_of(*one).probe_in);
}

bool Breaker::probe_ready(const Place& place) const {
  const Watched* one = find(place);
  return one && one->probe == Probe::ready && services_.clock.monotonic() < one->probe_until;
}

void Breaker::probe_with(const Place& place, const ConnectionId& connection) {
  Watched& one = watched(place);
  one.probe = Probe::running;
  one.probing = connection;
}

bool Breaker::probes(const Place& place, const ConnectionId& connection) const {
  const Watched* one = find(place);
  return one && one->probe == Probe::running && one->probing == connection;
}

void Breaker::probe_again(const Place& place, const ConnectionId& connection) {
  if (probes(place, connection)) watched(place).probe = Probe::ready;
}

std::optional<double> Breaker::ramp_rate(const Place& place) const {
  const Watched* one = find(place);
  if (!one || one->circuit.state != CircuitState::ramping) return std::nullopt;
  return sync::ramp_rate(now_of(*one), limits_);
}

void Breaker::heard(const Place& place, const ConnectionId& connection, std::string_view owner, const Error* error) {
  Watched& one = watched(place);
  const bool silent = error && sync::means_away(error->failure);
  if (probes(place, connection)) one.probe = silent ? Probe::failed : Probe::answered;
  if (away(place)) return;
  const Duration now = services_.clock.monotonic();
  if (!silent) {
    one.window.answered(now);
    return;
  }
  one.window.away(now, owner);
  if (!one.window.outage(now)) return;
  one.suspected = true;
  one.reason = describe(*error);
}

void Breaker::run_ended(const Place& place, const ConnectionId& connection) {
  if (probes(place, connection)) watched(place).probe = Probe::lost;
}

void Breaker::backlog(const Place& place, bool gone) {
  if (const auto found = places_.find(place); found != places_.end()) found->second.backlog_gone = gone;
}

bool Breaker::urgent() const {
  for (const auto& [place, one] : places_) {
    if (one.suspected || one.probe == Probe::answered || one.probe == Probe::failed || one.probe == Probe::lost)
      return true;
  }
  return false;
}

bool Breaker::quiet() const {
  for (const auto& [place, one] : places_) {
    if (one.suspected || one.circuit.state != CircuitState::closed) return false;
  }
  return true;
}

void Breaker::say(const sync::Circuit& before, const sync::Circuit& after) const {
  if (before.state == after.state) return;
  LogFields fields{
      .provider = after.provider,
      .metadata = {{"host", after.host},
                   {"away_for_seconds", fmt::format("{:.0f}", std::chrono::duration<double>(after.away_for).count())}}};
  if (after.state == CircuitState::open && !blocks(before.state)) {
    fields.error_code = "provider_unavailable";
    fields.metadata.emplace_back("reason", after.reason);
    services_.log.error(
        "the provider " + after.provider + " is away: its connections wait, one probe at a time goes on", fields);
  } else if (after.state == CircuitState::ramping) {
    services_.log.info(
        "the provider " + after.provider + " can be called again: what has piled up is worked off slowly", fields);
  } else if (after.state == CircuitState::closed) {
    services_.log.info("the provider " + after.provider + " is back", fields);
  }
}

void Breaker::take_over(Watched& one, sync::Circuit circuit) {
  say(one.circuit, circuit);
  if (one.circuit.state != circuit.state) {
    one.window.clear();
    one.backlog_gone = false;
  }
  if (blocks(circuit.state)) one.suspected = false;
  one.circuit = std::move(circuit);
  one.read_at = services_.clock.monotonic();
}

Task<bool> Breaker::save(Watched& one, sync::Circuit circuit) {
  const bool saved = co_await services_.circuits.save(circuit);
  if (saved) {
    ++circuit.version;
    take_over(one, std::move(circuit));
  }
  co_return saved;
}

/// What has become of the probe, and whether the ramp is over.
std::optional<sync::Circuit> Breaker::next(Watched& one) {
  const sync::Circuit circuit = now_of(one);
  const double unit = services_.random.unit();
  const Probe probe = one.probe;
  if (probe == Probe::answered || probe == Probe::failed || probe == Probe::lost) {
    one.probe = Probe::none;
    if (!blocks(circuit.state)) return std::nullopt;
    if (probe == Probe::lost) return sync::probe_lost(circuit, unit);
    return sync::probe_ended(circuit, probe == Probe::answered, limits_, unit);
  }
  if (circuit.state == CircuitState::ramping && sync::ramp_over(circuit, one.backlog_gone, limits_))
    return sync::closed(circuit);
  return std::nullopt;
}

Task<void> Breaker::ramp(const Place& place, std::string reason) {
  Watched& one = watched(place);
  sync::Circuit circuit = now_of(one);
  if (circuit.state != CircuitState::closed) co_return;
  const store::Steady steady = co_await services_.circuits.steady(place.provider);
  if (steady.connections < fewest_to_ramp) co_return;
  circuit.steady = steady.per_second;
  circuit.connections = steady.connections;
  co_await save(one, sync::released(std::move(circuit), std::move(reason)));
}

Task<void> Breaker::settle(const Place& place) {
  Watched& one = watched(place);
  if (one.suspected) {
    sync::Circuit circuit = now_of(one);
    if (circuit.state == CircuitState::closed) {
      const store::Steady steady = co_await services_.circuits.steady(place.provider);
      circuit.steady = steady.per_second;
      circuit.connections = steady.connections;
    }
    one.window.clear();
    one.suspected = false;
    co_await save(one, sync::opened(std::move(circuit), one.reason, limits_, services_.random.unit()));
    co_return;
  }
  if (auto changed = next(one)) {
    co_await save(one, std::move(*changed));
    co_return;
  }
  const Duration now = services_.clock.monotonic();
  if ((one.probe == Probe::ready || one.probe == Probe::running) && now >= one.probe_until) one.probe = Probe::none;
  const sync::Circuit circuit = now_of(one);
  if (one.probe != Probe::none || !blocks(circuit.state) || circuit.probe_in > Duration(0)) co_return;
  if (!co_await save(one, sync::probe_begun(circuit, limits_))) co_return;
  one.probe = Probe::ready;
  one.probe_until = services_.clock.monotonic() + limits_.probe_life;
}

Task<void> Breaker::tick() {
  std::map<Place, sync::Circuit> known;
  for (sync::Circuit& circuit : co_await services_.circuits.circuits())
    known.emplace(Place{circuit.provider, circuit.host}, std::move(circuit));
  for (auto& [place, circuit] : known) take_over(watched(place), circuit);
  std::vector<Place> all;
  for (auto& [place, one] : places_) {
    // Closed so long ago that nobody speaks of it any more.
    if (!known.contains(place) && one.circuit.version != 0) {
      one.circuit.state = CircuitState::closed;
      one.circuit.version = 0;
    }
    all.push_back(place);
  }
  for (const Place& place : all) co_await settle(place);
  const Duration now = services_.clock.monotonic();
  std::erase_if(places_, [&](const auto& entry) {
    const Watched& one = entry.second;
    return one.circuit.version == 0 && !one.suspected && one.probe == Probe::none && one.window.idle(now);
  });
}

}  // namespace calsync::worker
