// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/async/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/log.hpp"
#include "common/base/random.hpp"
#include "common/store/rate_table.hpp"

namespace calsync::worker {

/// Where calls go.
struct Place {
  std::string provider{};
  std::string host{};
  auto operator<=>(const Place&) const = default;
};

/// The circuit breaker: what this worker hears of providers, and what all workers know. What to make of it is decided
/// in common/sync/circuit; here it is carried between the runs and the database.
class Breaker {
 public:
  struct Services {
    AsyncClock& clock;
    Random& random;
    const Log& log;
    store::CircuitTable& circuits;
  };
  Breaker(Services services, sync::CircuitLimits limits) : services_(services), limits_(limits) {}

  /// Reads what all know, says what this worker has found out, takes a probe that is due. Throws db::DatabaseError.
  Task<void> tick();
  /// Everything of a place is due at once, and not because it was away: work it off slowly.
  Task<void> ramp(const Place& place, std::string reason);
  /// Something waits for the next tick.
  bool urgent() const;
  /// No circuit but closed ones: ticks may be rare.
  bool quiet() const;

  /// Only probes may start.
  bool away(const Place& place) const;
  /// Until the next probe may be made.
  Duration probe_in(const Place& place) const;
  /// The next run here may be a probe of this worker's.
  bool probe_ready(const Place& place) const;
  void probe_with(const Place& place, const ConnectionId& connection);
  bool probes(const Place& place, const ConnectionId& connection) const;
  /// The probe did not come about: somebody else has that connection.
  void probe_again(const Place& place, const ConnectionId& connection);
  /// Runs a second, of all workers, while what has piled up is worked off.
  std::optional<double> ramp_rate(const Place& place) const;

  /// How a call ended; null = well.
  void heard(const Place& place, const ConnectionId& connection, std::string_view owner, const Error* error);
  void run_ended(const Place& place, const ConnectionId& connection);
  /// Whether anything of the place is due.
  void backlog(const Place& place, bool gone);

 private:
  enum class Probe { none, ready, running, answered, failed, lost };
  struct Watched {
    explicit Watched(const sync::CircuitLimits& limits) : window(limits) {}
    sync::Circuit circuit{};
    Duration read_at{0};
    sync::CallWindow window;
    bool suspected = false;
    std::string reason{};
    bool backlog_gone = false;
    Probe probe = Probe::none;
    ConnectionId probing{};
    Duration probe_until{0};
  };
  Watched& watched(const Place& place);
  const Watched* find(const Place& place) const;
  sync::Circuit now_of(const Watched& one) const;
  void take_over(Watched& one, sync::Circuit circuit);
  Task<void> settle(const Place& place);
  std::optional<sync::Circuit> next(Watched& one);
  Task<bool> save(Watched& one, sync::Circuit circuit);
  void say(const sync::Circuit& before, const sync::Circuit& after) const;

  Services services_;
  sync::CircuitLimits limits_;
  std::map<Place, Watched> places_;
};

}  // namespace calsync::worker
