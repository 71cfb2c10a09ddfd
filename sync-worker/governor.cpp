// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/governor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace calsync::worker {
namespace {

/// A call waits so long for its turn; what takes longer ends the run, which comes back when there is something to have.
constexpr std::chrono::seconds patience{3};
constexpr std::chrono::milliseconds busy_pause{250};
constexpr std::chrono::seconds quiet_pause{1};
constexpr std::chrono::seconds pause_of_project{60};
constexpr std::chrono::seconds pause_of_account{30};
/// Guessed from many accounts' refusals: short, since it may be wrong.
constexpr std::chrono::seconds longest_guess{60};
constexpr std::chrono::seconds shortest_guess{5};
constexpr std::chrono::seconds full_room_pause{10};
constexpr std::chrono::seconds busy_account_pause{2};
constexpr std::chrono::milliseconds retry_room{500};

/// One owner's word does not stop all others.
constexpr sync::CircuitLimits said_limits{.failures = 3, .share = 0, .owners = 3, .window = std::chrono::seconds(60)};
constexpr sync::CircuitLimits inferred_limits{
    .failures = 5, .share = 0.5, .owners = 5, .window = std::chrono::seconds(10)};

Error postponed(std::string why, Duration wait) {
  return fail(Failure::postponed, std::move(why), std::chrono::ceil<std::chrono::seconds>(wait));
}

store::BucketName project_of(const providers::Adapter& adapter) {
  return {"project", adapter.name + "/" + adapter.bounds.project};
}
store::BucketName host_of(const Place& place) { return {"host", place.provider + "/" + place.host}; }
store::BucketName account_of(const sync::Claim& claim) { return {"account", claim.provider + "/" + claim.account}; }
store::BucketName recovery_of(const Place& place) { return {"recovery", place.provider + "/" + place.host}; }

bool wants_slower(const Error& error) {
  return error.failure == Failure::throttled || error.failure == Failure::quota_exhausted;
}

bool shares_account(const sync::Claim& claim) { return claim.account_links > 1; }

}  // namespace

Governor::Governor(Services services, int lease_seconds, sync::CircuitLimits limits)
    : services_(services),
      lease_seconds_(lease_seconds),
      breaker_({services.clock, services.random, services.log, services.circuits}, limits),
      rates_(services.executor, services.clock, services.rates),
      urgent_(services.executor) {}

Place Governor::place_of(const std::string& provider) const {
  const providers::Adapter* adapter = services_.registry.find(provider);
  return {provider, adapter ? adapter->bounds.host : std::string()};
}

Governor::Complaints& Governor::complaints(const std::string& provider) {
  return complaints_.try_emplace(provider, Complaints{sync::CallWindow(said_limits), sync::CallWindow(inferred_limits)})
      .first->second;
}

Task<void> Governor::tick() {
  co_await breaker_.tick();
  co_await rates_.flush();
  for (const std::string& provider : std::exchange(recovery_wanted_, {})) {
    const Place place = place_of(provider);
    const auto rate = breaker_.ramp_rate(place);
    if (!rate) continue;
    const sync::BucketShape shape{*rate, std::max(1.0, *rate / 2)};
    co_await rates_.fetch(recovery_of(place), shape, std::max(1.0, std::ceil(*rate / 4)));
  }
}

Task<void> Governor::released() {
  for (const std::string& provider : services_.registry.names()) {
    const Place place = place_of(provider);
    if (!place.host.empty()) co_await breaker_.ramp(place, "a switch let its connections in again");
  }
}

Task<void> Governor::serve(std::function<void()> news, std::function<bool()> stopping) {
  while (!stopping()) {
    try {
      co_await tick();
      if (!breaker_.quiet()) news();
    } catch (const db::DatabaseError&) {
      // What was known stands; the producer says that the database is away.
    }
    const bool busy = !breaker_.quiet();
    co_await urgent_.wait(services_.clock, busy ? Duration(busy_pause) : Duration(quiet_pause));
  }
}

double Governor::room(const std::string& provider) {
  const Place place = place_of(provider);
  if (place.host.empty()) return std::numeric_limits<double>::infinity();
  if (breaker_.away(place)) return breaker_.probe_ready(place) ? 1 : 0;
  const double calls = rates_.room(project_of(*services_.registry.find(provider)), patience);
  if (!breaker_.ramp_rate(place)) return calls;
  const double runs = rates_.in_hand(recovery_of(place));
  if (runs < 1) recovery_wanted_.insert(provider);
  return std::min(calls, runs);
}

void Governor::claiming(const std::string& provider, const ConnectionId& connection) {
  const Place place = place_of(provider);
  if (place.host.empty()) return;
  if (breaker_.away(place)) {
    breaker_.probe_with(place, connection);
  } else if (breaker_.ramp_rate(place)) {
    rates_.take_in_hand(recovery_of(place));
  }
}

void Governor::not_claimed(const std::string& provider, const ConnectionId& connection) {
  breaker_.probe_again(place_of(provider), connection);
}

void Governor::backlog(const std::string& provider, bool gone) { breaker_.backlog(place_of(provider), gone); }

bool Governor::full_reads_open() const { return services_.clock.monotonic() >= full_reads_closed_until_; }

Result<void> Governor::let_begin(const Place& place, const ConnectionId& connection) const {
  if (!breaker_.away(place) || breaker_.probes(place, connection)) return {};
  return postponed(fmt::format("the provider {} is away", place.provider), breaker_.probe_in(place));
}

Task<Result<void>> Governor::begin(Traffic& traffic) {
  const providers::Bounds& bounds = traffic.adapter.bounds;
  traffic.place = {traffic.claim.provider, bounds.host};
  if (!bounds.host.empty()) {
    if (auto let = let_begin(traffic.place, traffic.claim.connection); !let) co_return let;
  }
  if (!shares_account(traffic.claim)) {
    traffic.budget.emplace(sync::bucket_of(bounds.account_calls), traffic.claim.calls_drained, traffic.claim.calls_age,
                           services_.clock.monotonic());
  }
  // A run makes one call at a time, so only an account of more connections than places can be too busy.
  if (bounds.account_concurrency == 0 || traffic.claim.account_links <= bounds.account_concurrency)
    co_return Result<void>();
  store::Slot slot{account_of(traffic.claim), traffic.claim.connection.str(), bounds.account_concurrency,
                   lease_seconds_};
  if (!co_await services_.rates.enter(slot)) co_return postponed("the account is busy", busy_account_pause);
  traffic.slots.push_back(std::move(slot));
  co_return Result<void>();
}

Result<void> Governor::go_to(Traffic& traffic, std::string host) {
  if (!traffic.place.host.empty() || host.empty()) return {};
  traffic.place.host = std::move(host);
  const ConnectionId& connection = traffic.claim.connection;
  if (breaker_.away(traffic.place) && breaker_.probe_ready(traffic.place))
    breaker_.probe_with(traffic.place, connection);
  return let_begin(traffic.place, connection);
}

Task<Result<void>> Governor::take(store::BucketName name, Quota quota) {
  const Duration wait = co_await rates_.take(std::move(name), sync::bucket_of(quota), patience);
  if (wait == Duration(0)) co_return Result<void>();
  co_return postponed("the quota of calls is used up", wait);
}

Task<Result<void>> Governor::before_call(Traffic& traffic) {
  const providers::Bounds& bounds = traffic.adapter.bounds;
  if (traffic.budget) {
    const Duration now = services_.clock.monotonic();
    const Duration wait = traffic.budget->take(now);
    if (wait > patience) {
      // Come back for one call at a time, a run of two would never end.
      co_return postponed("the account's quota of calls is used up", traffic.budget->until_further(now));
    }
    if (wait > Duration(0)) {
      co_await services_.clock.sleep(wait);
      traffic.budget->take(services_.clock.monotonic());
    }
    traffic.counted = true;
  } else if (auto given = co_await take(account_of(traffic.claim), bounds.account_calls); !given) {
    co_return given;
  }
  if (!bounds.project.empty()) {
    if (auto given = co_await take(project_of(traffic.adapter), bounds.project_calls); !given) co_return given;
  }
  if (traffic.place.host.empty()) co_return Result<void>();
  if (!bounds.host.empty() && bounds.host_calls.unlimited()) co_return Result<void>();
  co_return co_await take(host_of(traffic.place), bounds.host_calls);
}

void Governor::after_call(Traffic& traffic, const Error* error) {
  const sync::Claim& claim = traffic.claim;
  if (error && (error->failure == Failure::cancelled || error->failure == Failure::postponed)) return;
  if (!traffic.place.host.empty()) breaker_.heard(traffic.place, claim.connection, claim.owner.str(), error);
  if (breaker_.urgent()) urgent_.set();
  // The connection itself rests by its backoff; the account's others hear of it here, those of other workers at once.
  if (error && shares_account(claim) && (wants_slower(*error) || error->retry_after)) {
    const Duration pause = error->retry_after.value_or(pause_of_account);
    rates_.block(account_of(claim), sync::bucket_of(traffic.adapter.bounds.account_calls), pause);
    urgent_.set();
  }
  if (error && wants_slower(*error)) {
    throttled(traffic.adapter, traffic.place.host, claim.owner.str(), *error);
  } else {
    complaints(traffic.adapter.name).inferred.answered(services_.clock.monotonic());
  }
}

void Governor::throttled(const providers::Adapter& adapter, const std::string& host, std::string_view owner,
                         const Error& error) {
  Complaints& heard = complaints(adapter.name);
  const Duration now = services_.clock.monotonic();
  heard.inferred.away(now, owner);
  if (error.limit == LimitScope::project) heard.said.away(now, owner);
  std::optional<Duration> pause;
  if (heard.said.outage(now)) {
    pause = error.retry_after.value_or(pause_of_project);
    heard.said.clear();
  } else if (heard.inferred.outage(now)) {
    pause = std::clamp(error.retry_after.value_or(shortest_guess), shortest_guess, longest_guess);
    heard.inferred.clear();
  }
  if (!pause) return;
  const providers::Bounds& bounds = adapter.bounds;
  const bool project = !bounds.project.empty();
  rates_.block(project ? project_of(adapter) : host_of({adapter.name, host}),
               sync::bucket_of(project ? bounds.project_calls : bounds.host_calls), *pause);
  services_.log.warn("the provider asks all of us for fewer calls: its connections wait",
                     {.provider = adapter.name,
                      .error_code = std::string(error_code(error.failure)),
                      .metadata = {{"seconds", fmt::format("{:.0f}", std::chrono::duration<double>(*pause).count())},
                                   {"reason", error.message}}});
  urgent_.set();
}

Task<Result<void>> Governor::full_read(Traffic& traffic) {
  const int places = traffic.adapter.bounds.full_reads;
  if (places == 0 || traffic.claim.interactive) co_return Result<void>();
  const store::BucketName room{"full_reads", traffic.adapter.name};
  for (const store::Slot& slot : traffic.slots) {
    if (slot.room == room) co_return Result<void>();
  }
  store::Slot slot{room, traffic.claim.connection.str(), places, lease_seconds_};
  const Deadline patient(services_.clock, patience);
  bool entered = co_await services_.rates.enter(slot);
  while (!entered && !patient.passed(services_.clock)) {
    co_await services_.clock.sleep(retry_room);
    entered = co_await services_.rates.enter(slot);
  }
  if (!entered) {
    full_reads_closed_until_ = services_.clock.monotonic() + full_room_pause;
    co_return postponed("as many full reads as may are under way", full_room_pause);
  }
  traffic.slots.push_back(std::move(slot));
  co_return Result<void>();
}

Task<void> Governor::keep_slots(Traffic& traffic) {
  for (const store::Slot& slot : traffic.slots) co_await services_.rates.enter(slot);
}

Task<void> Governor::end(Traffic& traffic) {
  breaker_.run_ended(traffic.place, traffic.claim.connection);
  if (breaker_.urgent()) urgent_.set();
  for (const store::Slot& slot : std::exchange(traffic.slots, {})) co_await services_.rates.leave(slot);
}

std::optional<double> Governor::drained(const Traffic& traffic) const {
  if (!traffic.budget || !traffic.counted || traffic.adapter.bounds.account_calls.unlimited()) return std::nullopt;
  return traffic.budget->drained(services_.clock.monotonic());
}

Task<Result<void>> Governor::before_call(const providers::Adapter& adapter) {
  const Place place{adapter.name, adapter.bounds.host};
  if (!place.host.empty() && breaker_.away(place))
    co_return postponed(fmt::format("the provider {} is away", adapter.name), breaker_.probe_in(place));
  if (adapter.bounds.project.empty()) co_return Result<void>();
  co_return co_await take(project_of(adapter), adapter.bounds.project_calls);
}

void Governor::after_call(const providers::Adapter& adapter, std::string_view owner, const Error* error) {
  const Place place{adapter.name, adapter.bounds.host};
  if (!place.host.empty()) breaker_.heard(place, ConnectionId(), owner, error);
  if (error && wants_slower(*error)) throttled(adapter, place.host, owner, *error);
}

}  // namespace calsync::worker
