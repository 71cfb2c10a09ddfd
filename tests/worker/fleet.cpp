// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include <boost/asio/co_spawn.hpp>
#include <numeric>

namespace calsync::testing {
namespace {

sync::GateSettings everything_on() {
  return sync::parse_gate(
      {{"CALENDAR_SYNC_ENABLED", "true"}, {"CALENDAR_JOBS_ENABLED", "true"}, {"CALENDAR_ALLOWLIST_PROVIDER_IDS", "*"}});
}

Settings with_client(Settings settings) {
  settings.google.client_id = "client";
  return settings;
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

std::size_t second_of(Duration time) {
  return static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

struct Fleet::Worker {
  explicit Worker(Fleet& fleet)
      : governor({fleet.io_.get_executor(), fleet.clock, fleet.random_, fleet.log_, fleet.registry_, fleet.rates,
                  fleet.circuits},
                 300),
        producer(fleet.io_.get_executor(), fleet.clock, fleet.log_, fleet.queue, governor, fleet.gate_,
                 {{"google"}, fleet.options_.concurrency, fleet.options_.per_owner}, [&fleet, this](sync::Claim claim) {
                   asio::co_spawn(fleet.io_, run(fleet, *this, std::move(claim)), rethrow);
                 }) {}
  worker::Governor governor;
  worker::Producer producer;
};

Fleet::Fleet(FleetOptions options, unsigned seed)
    : options_(std::move(options)),
      random_(seed),
      log_(clock, Level::info, [this](std::string_view line) { said_.emplace_back(line); }),
      registry_(providers::registry_settings(with_client(options_.settings)), transport_, clock, metrics_),
      gate_(everything_on()) {
  for (int i = 0; i < options_.workers; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>(*this));
    asio::co_spawn(io_, worker.producer.serve(), rethrow);
    asio::co_spawn(io_, worker.governor.serve([&worker] { worker.producer.nudge(); }, [this] { return stopping_; }),
                   rethrow);
  }
}

Fleet::~Fleet() = default;

void Fleet::count_call() {
  const std::size_t second = second_of(now());
  if (calls_.size() <= second) calls_.resize(second + 1, 0);
  ++calls_[second];
}

Task<void> Fleet::call_provider(Worker& worker, const sync::Claim& claim, Result<void>& ended) {
  worker::Traffic traffic{claim, *registry_.find(claim.provider)};
  ended = co_await worker.governor.begin(traffic);
  for (int call = 0; ended && call < options_.calls_per_run; ++call) {
    ended = co_await worker.governor.before_call(traffic);
    if (!ended) break;
    count_call();
    if (on_call) on_call(claim);
    co_await clock.sleep(options_.latency);
    const std::optional<Error> failure = failure_of ? failure_of(claim) : std::nullopt;
    worker.governor.after_call(traffic, failure ? &*failure : nullptr);
    if (failure) ended = *failure;
  }
  co_await worker.governor.end(traffic);
}

Task<void> Fleet::run(Fleet& fleet, Worker& worker, sync::Claim claim) {
  Result<void> ended;
  co_await fleet.call_provider(worker, claim, ended);
  sync::Settlement settlement;
  settlement.connection = claim.connection;
  settlement.lease_token = claim.lease_token;
  settlement.outcome =
      ended ? sync::completed() : sync::decide(ended.error(), {claim.error_count, 0}, fleet.random_.unit());
  std::vector<sync::Settlement> one{std::move(settlement)};
  co_await fleet.queue.settle(std::move(one));
  worker.producer.finished(claim);
}

void Fleet::pass(Duration time) {
  const Duration end = now() + time;
  while (now() < end) {
    io_.restart();
    if (io_.poll() > 0) continue;
    if (!clock.advance_to_next()) break;
  }
  if (calls_.size() <= second_of(now())) calls_.resize(second_of(now()) + 1, 0);
}

int Fleet::calls_between(Duration from, Duration to) const {
  int sum = 0;
  for (std::size_t at = second_of(from); at < second_of(to) && at < calls_.size(); ++at) sum += calls_[at];
  return sum;
}

int Fleet::most_calls(Duration from, Duration to, int seconds) const {
  int most = 0;
  for (Duration at = from; at < to; at += std::chrono::seconds(1))
    most = std::max(most, calls_between(at, at + std::chrono::seconds(seconds)));
  return most;
}

}  // namespace calsync::testing
