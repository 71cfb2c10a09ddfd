// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "common/providers/registry.hpp"
#include "common/sync/run_rows.hpp"
#include "sync-worker/breaker.hpp"
#include "sync-worker/rate_governor.hpp"

namespace calsync::worker {

/// What one run has to do with the governor.
struct Traffic {
  const sync::Claim& claim;
  const providers::Adapter& adapter;
  Place place{};
  bool counted = false;  ///< a call was made on the account's budget
  std::vector<store::Slot> slots{};
  std::optional<sync::AccountBudget> budget{};
};

/// Lets runs begin and calls be made, or says how long not: the one place where quotas, circuits and rooms come
/// together.
class Governor {
 public:
  struct Services {
    asio::any_io_executor executor;
    AsyncClock& clock;
    Random& random;
    const Log& log;
    const providers::Registry& registry;
    store::RateTable& rates;
    store::CircuitTable& circuits;
  };
  Governor(Services services, int lease_seconds, sync::CircuitLimits limits = {});

  /// Never ends by itself. `news`: more runs may begin than a moment ago.
  Task<void> serve(std::function<void()> news, std::function<bool()> stopping);
  Task<void> tick();
  /// A switch let connections in again, all of them due.
  Task<void> released();

  // -- of the producer
  /// How many runs of a provider may begin now.
  double room(const std::string& provider);
  void claiming(const std::string& provider, const ConnectionId& connection);
  void not_claimed(const std::string& provider, const ConnectionId& connection);
  void backlog(const std::string& provider, bool gone);
  /// Full reads that nobody waits for may begin.
  bool full_reads_open() const;

  // -- of a run
  /// Failures: postponed.
  Task<Result<void>> begin(Traffic& traffic);
  /// The host is known now, which it was not before the credential was opened.
  Result<void> go_to(Traffic& traffic, std::string host);
  Task<Result<void>> before_call(Traffic& traffic);
  void after_call(Traffic& traffic, const Error* error);
  /// A place among the full reads; a run has at most one.
  Task<Result<void>> full_read(Traffic& traffic);
  Task<void> keep_slots(Traffic& traffic);
  Task<void> end(Traffic& traffic);
  std::optional<double> drained(const Traffic& traffic) const;

  // -- of work that is nobody's run
  Task<Result<void>> before_call(const providers::Adapter& adapter);
  void after_call(const providers::Adapter& adapter, std::string_view owner, const Error* error);

 private:
  struct Complaints {
    sync::CallWindow said;      ///< "the project's limit"
    sync::CallWindow inferred;  ///< most accounts at once
  };
  Place place_of(const std::string& provider) const;
  Result<void> let_begin(const Place& place, const ConnectionId& connection) const;
  Task<Result<void>> take(store::BucketName name, Quota quota);
  void throttled(const providers::Adapter& adapter, const std::string& host, std::string_view owner,
                 const Error& error);
  Complaints& complaints(const std::string& provider);

  Services services_;
  int lease_seconds_;
  Breaker breaker_;
  RateGovernor rates_;
  Signal urgent_;
  std::set<std::string> recovery_wanted_;
  std::map<std::string, Complaints> complaints_;
  Duration full_reads_closed_until_{0};
};

}  // namespace calsync::worker
