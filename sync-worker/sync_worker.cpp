// SPDX-License-Identifier: Apache-2.0
#include "sync-worker/sync_worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "sync-worker/executor.hpp"
#include "sync-worker/farewell.hpp"
#include "sync-worker/producer.hpp"

namespace calsync::worker {
namespace {

constexpr std::chrono::minutes maintenance_interval{1};
constexpr std::chrono::seconds listen_pause{1};
/// As the queue counts it: a worker that was silent for so long is dead.
constexpr std::chrono::seconds silence{15};
/// A sign of life that comes later than this means that nobody could be heard for a while.
constexpr std::chrono::seconds late{2};
constexpr std::chrono::milliseconds missed_beat_pause{500};
/// How long a stop may take for the last second's figures.
constexpr std::chrono::seconds last_flush{2};
/// What their return lets in is marked due: wake-ups that were not served, and channels that were stopped. Polls are
/// late by themselves.
const std::set<sync::Flag> watched_flags{sync::Flag::sync, sync::Flag::webhook};
const std::set<sync::Flag> released_flags{sync::Flag::sync, sync::Flag::jobs, sync::Flag::webhook};
constexpr const char* gate_component = "sync-worker";

RunLimits limits_of(const Settings& settings) {
  RunLimits limits;
  limits.lease_seconds = settings.worker.lease_seconds;
  limits.request_seconds = settings.worker.request_seconds;
  limits.run_seconds = settings.worker.run_seconds;
  limits.checkpoint_rows = static_cast<std::size_t>(settings.worker.checkpoint_rows);
  return limits;
}

ProducerOptions producer_options(const Settings& settings, std::vector<std::string> provider_names) {
  return {std::move(provider_names),
          settings.worker.concurrency,
          settings.worker.per_owner,
          settings.worker.lease_seconds,
          std::chrono::milliseconds(settings.worker.poll_milliseconds),
          std::chrono::seconds(settings.push.patience_seconds),
          std::chrono::milliseconds(settings.worker.heartbeat_milliseconds) + late};
}

/// Providers send push messages to https only; plain http is for emulators.
PushOptions push_options(const Settings& settings) {
  PushOptions options;
  options.life = std::chrono::seconds(settings.push.channel_seconds);
  const bool reachable = settings.push.public_url.starts_with("https://") || settings.allow_insecure_endpoints;
  if (settings.push.open_channels && reachable)
    options.webhook_root = settings.push.public_url + "/api/webhooks/calendar/";
  return options;
}

}  // namespace

struct SyncWorker::Parts {
  Parts(Surroundings surroundings, Settings given, KeyRing key_ring, sync::GateSettings first_gate)
      : around(surroundings),
        database(around.database),
        settings(std::move(given)),
        keys(std::move(key_ring)),
        gate(std::move(first_gate)),
        registry(providers::registry_settings(settings), around.transport, around.clock, around.metrics),
        credentials(database.credentials(), keys, around.random),
        tokens(around.clock, credentials),
        pushes({around.random, around.log, database.channels(), gate}, push_options(settings)),
        settler(around.executor, around.clock, around.log, database.queue(),
                std::chrono::seconds(settings.worker.lease_seconds)),
        governor(
            {around.executor, around.clock, around.random, around.log, registry, database.rates(), database.circuits()},
            settings.worker.lease_seconds, around.circuits),
        flusher(around.clock, database.metrics(), around.metrics, random_uuid(around.random),
                std::chrono::milliseconds(settings.worker.upkeep_milliseconds)),
        executor({around.clock, around.random, around.log, registry, database.queue(), database.mirror(), tokens,
                  governor, pushes, settler, around.metrics},
                 limits_of(settings)),
        producer(around.executor, around.clock, around.log, database.queue(), governor, gate,
                 producer_options(settings, registry.names()), [this](sync::Claim claim) { start(std::move(claim)); }),
        gates(around.clock, around.log, database.gates(), gate_component, watched_flags,
              [this](store::Gates passed) { return slow_down_after_release(std::move(passed)); }),
        farewell(around.clock, around.log, registry, keys, governor, database.channels(), database.revocations()),
        running(around.executor),
        stop_signal(around.executor),
        last_beat(around.executor) {}

  void start(sync::Claim claim);
  static Task<void> run_one(Parts& parts, sync::Claim claim);
  bool may_continue(const OwnerId& owner, const ConnectionId& connection) const {
    return !cancelled && static_cast<bool>(sync::ask(gate, sync::Operation::use_calendar, &owner, &connection));
  }

  Task<void> beat();
  void note_beat(std::vector<std::string> silent);
  Task<void> slow_down_after_release(store::Gates passed);
  Task<void> listen();
  Task<void> maintain();
  Task<void> keep_up();
  Task<void> see_off();
  Task<void> repeat(Duration interval, const char* what, std::function<Task<void>()> duty);
  Task<void> tend_channels();
  Task<void> drain();
  Task<void> sign_off();
  void spawn(Task<void> task);

  Surroundings around;
  store::WorkerDatabase& database;
  Settings settings;
  KeyRing keys;
  sync::GateSettings gate;
  providers::Registry registry;
  store::CredentialStore credentials;
  TokenKeeper tokens;
  PushKeeper pushes;
  Settler settler;
  Governor governor;
  store::MetricsFlusher flusher;
  Executor executor;
  Producer producer;
  store::GateRecorder gates;
  Farewell farewell;
  Running running;
  Signal stop_signal;
  Signal last_beat;
  std::optional<Duration> beaten_at;
  Duration heard_since{};
  bool stopping = false;
  bool signed_off = false;
  bool cancelled = false;
};

void SyncWorker::Parts::spawn(Task<void> task) {
  // Whatever escapes a daemon's loop is a bug: it ends the process, and the supervisor starts a fresh one.
  asio::co_spawn(around.executor, std::move(task), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

void SyncWorker::Parts::start(sync::Claim claim) {
  running.enter();
  spawn(run_one(*this, std::move(claim)));
}

Task<void> SyncWorker::Parts::run_one(Parts& parts, sync::Claim claim) {
  co_await parts.executor.run(claim, [&parts, owner = claim.owner, connection = claim.connection] {
    return parts.may_continue(owner, connection);
  });
  parts.producer.finished(claim);
  parts.running.leave();
}

/// Others' silence is a proof only for as long as this worker could be heard itself: while the database is away,
/// everybody is silent, and whoever comes back first must not take the others' leases.
void SyncWorker::Parts::note_beat(std::vector<std::string> silent) {
  const Duration now = around.clock.monotonic();
  const Duration expected = std::chrono::milliseconds(settings.worker.heartbeat_milliseconds);
  if (!beaten_at || now - *beaten_at > expected + late) heard_since = now;
  beaten_at = now;
  producer.beaten(now - heard_since >= silence ? std::move(silent) : std::vector<std::string>());
}

Task<void> SyncWorker::Parts::beat() {
  // Until the last run is settled: a worker that falls silent while it drains would lose its leases.
  const Duration usual = std::chrono::milliseconds(settings.worker.heartbeat_milliseconds);
  while (!signed_off) {
    Duration pause = usual;
    try {
      note_beat(co_await database.queue().heartbeat());
      producer.nudge();
    } catch (const db::DatabaseError&) {
      // The producer says that the database is away, and waits for the next beat that is heard.
      pause = std::min<Duration>(usual, missed_beat_pause);
    }
    if (!signed_off) co_await stop_signal.wait(around.clock, pause);
  }
  last_beat.set();
}

/// Also polls that were switched off: nobody has to mark them due, they all are.
Task<void> SyncWorker::Parts::slow_down_after_release(store::Gates passed) {
  const std::optional<std::string> stored = co_await database.gates().load(gate_component);
  if (stored) passed.push_back(sync::gate_from_json(*stored));
  const bool released = std::ranges::any_of(
      passed, [this](const auto& before) { return !sync::released(before, gate, released_flags).nothing(); });
  if (released) co_await governor.released();
}

Task<void> SyncWorker::Parts::listen() {
  while (!stopping) {
    try {
      co_await database.listen([this] { producer.wake(); });
    } catch (const db::DatabaseError&) {
    }
    // Polling goes on meanwhile.
    if (!stopping) co_await around.clock.sleep(listen_pause);
  }
}

/// Duties that are nobody's run. They rest while calendar sync is switched off.
Task<void> SyncWorker::Parts::repeat(Duration interval, const char* what, std::function<Task<void>()> duty) {
  while (!stopping) {
    if (sync::ask(gate, sync::Operation::use_calendar)) {
      try {
        co_await duty();
      } catch (const db::DatabaseError& error) {
        around.log.warn(std::string(what) + " waits for the database",
                        {.error_code = "database_error", .metadata = {{"reason", error.what()}}});
      }
    }
    const Deadline next(around.clock, interval);
    while (!stopping && !next.passed(around.clock)) {
      co_await around.clock.sleep(std::min<Duration>(next.remaining(around.clock), std::chrono::milliseconds(500)));
    }
  }
}

Task<void> SyncWorker::Parts::maintain() {
  return repeat(maintenance_interval, "maintenance",
                [this] { return database.prune({settings.retention.tombstone_days, settings.retention.run_days}); });
}

Task<void> SyncWorker::Parts::keep_up() {
  return repeat(std::chrono::milliseconds(settings.worker.upkeep_milliseconds), "the upkeep of push channels",
                [this] { return tend_channels(); });
}

Task<void> SyncWorker::Parts::tend_channels() {
  const sync::Answer answer = sync::ask(gate, sync::Operation::use_calendar);
  if (!answer) co_return;
  const store::ClaimFilter filter = store::make_filter(*answer.admission, gate, {}, {});
  const bool pushes_taken = pushes.open_channels() && gate.on(sync::Flag::webhook);
  co_await database.channels().tend(pushes_taken, std::chrono::seconds(settings.push.patience_seconds), filter.owners,
                                    filter.connections);
}

Task<void> SyncWorker::Parts::see_off() {
  return repeat(
      std::chrono::milliseconds(settings.worker.upkeep_milliseconds), "the farewell to deleted connections", [this] {
        return farewell.round(
            [this] { return !stopping && static_cast<bool>(sync::ask(gate, sync::Operation::use_calendar)); });
      });
}

Task<void> SyncWorker::Parts::drain() {
  const bool drained = co_await running.drained(around.clock, std::chrono::seconds(settings.worker.drain_seconds));
  if (!drained) {
    around.log.warn("runs did not end in the drain time; they are stopped and their leases given back",
                    {.metadata = {{"runs", std::to_string(running.count())}}});
    cancelled = true;
    co_await running.drained(around.clock, std::chrono::seconds(settings.worker.request_seconds));
  }
  settler.stop();
}

Task<void> SyncWorker::Parts::sign_off() {
  co_await flusher.flush(Deadline(around.clock, last_flush));
  signed_off = true;
  stop_signal.set();
  // A beat that is on its way would bring the row back.
  co_await last_beat.wait(around.clock, std::chrono::seconds(5));
  try {
    co_await database.queue().sign_off();
  } catch (const db::DatabaseError&) {
    // The row goes stale by itself in 15 s.
  }
}

SyncWorker::SyncWorker(Surroundings surroundings, Settings settings, KeyRing keys, sync::GateSettings gate)
    : parts_(std::make_unique<Parts>(surroundings, std::move(settings), std::move(keys), std::move(gate))) {}

SyncWorker::~SyncWorker() = default;

Task<void> SyncWorker::serve(std::function<void()> ready) {
  Parts& parts = *parts_;
  co_await parts.database.require_schema();
  co_await set_gate(parts.gate);
  if (parts.settings.push.open_channels && !parts.pushes.open_channels()) {
    parts.around.log.warn(
        "no push channels are opened, calendars are polled: push.public_url is not an https address",
        {.error_code = "configuration_error", .metadata = {{"public_url", parts.settings.push.public_url}}});
  }
  parts.note_beat(co_await parts.database.queue().heartbeat());
  parts.spawn(parts.beat());
  parts.spawn(parts.listen());
  parts.spawn(parts.maintain());
  parts.spawn(parts.keep_up());
  parts.spawn(parts.see_off());
  parts.spawn(parts.settler.serve());
  parts.spawn(parts.flusher.serve());
  // Whoever starts during an outage knows of it before the first claim.
  co_await parts.governor.tick();
  parts.spawn(parts.governor.serve([&parts] { parts.producer.nudge(); }, [&parts] { return parts.signed_off; }));
  ready();
  co_await parts.producer.serve();
  co_await parts.drain();
  while (!parts.settler.idle()) co_await parts.around.clock.sleep(std::chrono::milliseconds(20));
  co_await parts.sign_off();
}

Task<int> SyncWorker::once() {
  Parts& parts = *parts_;
  co_await parts.database.require_schema();
  co_await set_gate(parts.gate);
  parts.producer.beaten(co_await parts.database.queue().heartbeat());
  parts.spawn(parts.beat());
  parts.spawn(parts.settler.serve());
  co_await parts.governor.tick();
  parts.spawn(parts.governor.serve([] {}, [&parts] { return parts.signed_off; }));
  int runs = 0;
  for (;;) {
    const int started = co_await parts.producer.claim_once();
    runs += started;
    if (started > 0) continue;
    if (parts.running.count() == 0) break;
    co_await parts.running.drained(parts.around.clock, std::chrono::milliseconds(100));
  }
  co_await parts.drain();
  while (!parts.settler.idle()) co_await parts.around.clock.sleep(std::chrono::milliseconds(20));
  co_await parts.sign_off();
  co_return runs;
}

void SyncWorker::stop() {
  parts_->stopping = true;
  parts_->gates.stop();
  parts_->stop_signal.set();
  parts_->producer.stop();
}

Task<void> SyncWorker::set_gate(sync::GateSettings gate) {
  Parts& parts = *parts_;
  parts.gate = std::move(gate);
  // Nobody claims what a switch lets in before it is known how fast that may go.
  const Producer::Hold hold(parts.producer);
  parts.around.metrics.set_flags(parts.gate.on(sync::Flag::sync), parts.gate.on(sync::Flag::oauth),
                                 parts.gate.on(sync::Flag::jobs), parts.gate.on(sync::Flag::webhook));
  parts.around.metrics.set_invalid_settings(parts.gate.invalid.size());
  for (const sync::InvalidSetting& one : parts.gate.invalid) {
    parts.around.log.error("a setting is invalid",
                           {.error_code = "configuration_error",
                            .metadata = {{"name", one.name}, {"value", one.value}, {"reason", one.reason}}});
  }
  const int woken = co_await parts.gates.record(parts.gate);
  if (woken > 0) {
    parts.around.log.info("connections that were shut out are admitted again and marked due",
                          {.metadata = {{"connections", std::to_string(woken)}}});
  }
  parts.producer.wake();
}

}  // namespace calsync::worker
