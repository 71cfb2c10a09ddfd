// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <set>

#include "common/base/json.hpp"
#include "common/sync/explain.hpp"

namespace calsync::sync {
namespace {

using namespace std::chrono_literals;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 9h;
const std::string owner_id = "11111111-1111-4111-8111-111111111111";
const std::string connection_id = "33333333-3333-4333-8333-333333333333";
const std::string stranger = "22222222-2222-4222-8222-222222222222";

GateSettings gate(std::map<std::string, std::string> more = {}) {
  more.merge(std::map<std::string, std::string>{{"CALENDAR_SYNC_ENABLED", "true"},
                                                {"CALENDAR_JOBS_ENABLED", "true"},
                                                {"CALENDAR_WEBHOOK_ENABLED", "true"},
                                                {"CALENDAR_ALLOWLIST_PROVIDER_IDS", "*"}});
  return parse_gate(more);
}

/// In step, with a worker, channels and one run.
Evidence healthy() {
  Evidence evidence;
  evidence.facts.owner = *OwnerId::parse(owner_id);
  evidence.facts.connection = *ConnectionId::parse(connection_id);
  evidence.facts.created_at = now - 24h;
  evidence.facts.last_synced_at = now - 1min;
  evidence.facts.due_at = now + 4min;
  evidence.provider = "google";
  evidence.now = now;
  evidence.told_at = now + 20ms;
  evidence.workers_alive = 2;
  evidence.last_heartbeat = now - 1s;
  evidence.token_expiry = now + 30min;
  evidence.channels = ChannelEvidence{.wanted = 2, .live = 2, .first_expiry = now + 48h};
  evidence.worker_gate = WorkerGate{gate(), now - 1h};
  RunEvidence run;
  run.sync_id = stranger;
  run.outcome = "complete";
  run.started_at = now - 62s;
  run.finished_at = now - 1min;
  evidence.runs.push_back(run);
  return evidence;
}

Evidence due() {
  Evidence evidence = healthy();
  evidence.facts.last_synced_at = now - 6min;
  evidence.facts.due_at = now - 1min;
  return evidence;
}

Evidence failing(const std::string& error, Duration backoff = 5min) {
  Evidence evidence = healthy();
  evidence.facts.last_error = error;
  evidence.facts.error_count = 1;
  evidence.facts.backoff_until = now + backoff;
  evidence.facts.due_at = now + backoff;
  return evidence;
}

Evidence with(Evidence evidence, const std::function<void(Evidence&)>& change) {
  change(evidence);
  return evidence;
}

struct Row {
  Cause cause;
  Evidence evidence;
  GateSettings gate;
  ErrorOwner owner;
  std::string reason;  ///< that is in it
  std::string action;
};

std::vector<Row> rows() {
  const auto all = gate();
  const auto none = ErrorOwner::none;
  const auto user = ErrorOwner::user;
  const auto ops = ErrorOwner::operators;
  const auto provider = ErrorOwner::provider;
  const LeaseEvidence lease{"w-1", "host-7", true, now - 3min, now - 1s};
  return {
      {Cause::in_step, healthy(), all, none, "in step", ""},
      {Cause::awaiting_confirmation, with(healthy(), [](auto& e) { e.facts.awaiting_confirmation = true; }), all, user,
       "not confirmed", "confirm"},
      {Cause::disabled,
       with(healthy(),
            [](auto& e) {
              e.facts.sync_enabled = false;
              e.enabled_by = HandEdit{"oncall", "admin", "noisy", now - 1h};
            }),
       all, ops, "set by admin oncall at 2026-03-02T08:00:00Z (60 minutes ago), because: noisy", "enable"},
      {Cause::flag_off, healthy(), gate({{"CALENDAR_SYNC_ENABLED", "false"}}), ops, "CALENDAR_SYNC_ENABLED is off",
       "set CALENDAR_SYNC_ENABLED=true and reload"},
      {Cause::flag_invalid, healthy(), gate({{"CALENDAR_SYNC_ENABLED", "ture"}}), ops,
       "CALENDAR_SYNC_ENABLED is 'ture': only true and false are values", "set CALENDAR_SYNC_ENABLED=true and reload"},
      {Cause::owner_not_listed, healthy(), gate({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", stranger}}), ops,
       "CALENDAR_ALLOWLIST_PROVIDER_IDS does not admit it", "add " + owner_id},
      {Cause::owner_not_listed, healthy(), gate({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", "abc," + stranger}}), ops,
       "its entry 'abc' counts for nothing", "add " + owner_id},
      {Cause::connection_not_listed, healthy(), gate({{"CALENDAR_ALLOWLIST_CONNECTION_IDS", stranger}}), ops,
       "CALENDAR_ALLOWLIST_CONNECTION_IDS does not admit it", "add " + connection_id},
      {Cause::worker_flag_off,
       with(healthy(), [](auto& e) { e.worker_gate->gate = gate({{"CALENDAR_SYNC_ENABLED", "false"}}); }), all, ops,
       "the worker runs with CALENDAR_SYNC_ENABLED=false since 2026-03-02T08:00:00Z", "reload the worker"},
      {Cause::worker_not_listed,
       with(healthy(), [](auto& e) { e.worker_gate->gate = gate({{"CALENDAR_ALLOWLIST_PROVIDER_IDS", stranger}}); }),
       all, ops, "CALENDAR_ALLOWLIST_PROVIDER_IDS that the worker runs with", "add " + owner_id},
      {Cause::database_read_only, with(due(), [](auto& e) { e.read_only = true; }), all, ops, "takes no writes",
       "DATABASE_URL"},
      {Cause::database_read_only, failing("database_error: cannot execute UPDATE in a read-only transaction"), all, ops,
       "read-only transaction", "DATABASE_URL"},
      {Cause::syncing,
       with(due(),
            [&](auto& e) {
              e.facts.lease_until = now + 2min;
              e.lease = lease;
            }),
       all, none, "worker w-1 at host-7 is syncing it since 2026-03-02T08:57:00Z (3 minutes ago)", ""},
      {Cause::lease_stuck,
       with(due(),
            [&](auto& e) {
              e.facts.lease_until = now + 2min;
              e.lease = lease;
              e.lease->alive = false;
              e.lease->last_heartbeat = now - 40s;
            }),
       all, ops, "was last heard of at 2026-03-02T08:59:20Z (40 seconds ago)", "another worker takes it over"},
      {Cause::lease_stuck,
       with(due(),
            [&](auto& e) {
              e.facts.lease_until = now + 2min;
              e.lease = LeaseEvidence{"w-1", "", false, now - 3min, std::nullopt};
              e.workers_alive = 0;
            }),
       all, ops, "is not there any more", "start a sync-worker"},
      {Cause::needs_reauth,
       with(failing("invalid_token: token expired or revoked", 24h * 365), [](auto& e) { e.facts.grant_refusals = 2; }),
       all, user, "token expired or revoked", "connect the account again"},
      {Cause::needs_reauth, failing("insufficient_scope: no calendar", 24h * 365), all, user, "no calendar",
       "grant every requested permission"},
      {Cause::backoff_by_hand,
       with(healthy(),
            [](auto& e) {
              e.facts.backoff_until = now + 2h;
              e.backoff_by = HandEdit{"ann", "sql", "", now - 10min};
            }),
       all, ops, "it waits until 2026-03-02T11:00:00Z (in 2 hours): set by sql ann at", "clear backoff_until"},
      {Cause::backoff_by_hand,
       with(failing("network_error: refused"), [](auto& e) { e.backoff_by = HandEdit{"ann", "sql", "", now}; }), all,
       ops, "its last error: network_error: refused", "clear backoff_until"},
      {Cause::poison, failing(poisoned(fatal_ends, 0)->last_error, 24h * 365), all, ops, "ended with their worker",
       "the last lines that its workers logged"},
      {Cause::suspended, failing("provider_rejected: no", 24h * 365), all, provider, "provider_rejected: no",
       "mend what the error says"},
      {Cause::suspended, failing("internal_error: odd", 24h * 365), all, ops, "internal_error: odd", "mend what"},
      {Cause::suspended, with(healthy(), [](auto& e) { e.facts.backoff_until = now + 24h * 40; }), all, ops,
       "it waits until 2026-04-11", "clear backoff_until"},
      {Cause::configuration, failing("configuration_error: invalid_client; check the client secret"), all, ops,
       "check the client secret; it is tried again at 2026-03-02T09:05:00Z (in 5 minutes)", "operator's settings"},
      {Cause::provider_away,
       with(due(),
            [](auto& e) {
              e.circuit = CircuitEvidence{"open", "www.googleapis.com", "503 from 5 owners", now - 30min, now + 20s};
            }),
       all, provider,
       "google at www.googleapis.com is away since 2026-03-02T08:30:00Z (30 minutes ago) (503 from 5 owners)",
       "status page"},
      {Cause::account_throttled, failing("rate_limited: slow down"), all, provider,
       "slow down; it is tried again at 2026-03-02T09:05:00Z", "wait"},
      {Cause::account_throttled, with(due(), [](auto& e) { e.budgets = {{"account", now + 40s}}; }), all, provider,
       "calls of the account rest until 2026-03-02T09:00:40Z", "wait"},
      {Cause::project_throttled,
       with(failing("quota_exceeded: tomorrow"),
            [](auto& e) { e.budgets = {{"account", now + 1s}, {"project", now + 1h}}; }),
       all, provider, "calls of the project rest until 2026-03-02T10:00:00Z", "wait"},
      {Cause::host_throttled, with(due(), [](auto& e) { e.budgets = {{"host", now + 1min}}; }), all, provider,
       "calls of the host rest until", "wait"},
      {Cause::disk_full, failing("database_error: could not extend file: No space left on device"), all, ops,
       "No space left", "free space"},
      {Cause::clock, failing("provider_rejected: the id_token has expired: check this machine's clock"), all, ops,
       "check this machine's clock", "clocks right"},
      {Cause::clock, with(healthy(), [](auto& e) { e.told_at = now - 10min; }), all, ops,
       "this machine's clock is 600 seconds behind the database's", "clocks right"},
      {Cause::clock, with(healthy(), [](auto& e) { e.runs[0].started_at = now + 10min; }), all, ops,
       "the clock of the worker's machine is 660 seconds ahead of the database's", "clocks right"},
      {Cause::backoff_after_error, failing("provider_unavailable: Google answered 503"), all, provider,
       "Google answered 503; it is tried again at 2026-03-02T09:05:00Z (in 5 minutes)", "after the backoff"},
      {Cause::backoff_after_error, failing("invalid_token: refused once"), all, none, "refused once",
       "after the backoff"},
      {Cause::backoff_after_error, with(failing("timeout: late", -1s), [](auto& e) { e.facts.due_at = now - 1s; }), all,
       provider, "timeout: late", "tried again now"},
      {Cause::no_worker, with(due(), [](auto& e) { e.workers_alive = 0; }), all, ops,
       "no worker is alive; one was last heard of", "start a sync-worker"},
      {Cause::polling_off, due(), gate({{"CALENDAR_JOBS_ENABLED", "false"}}), none, "", ""},
      {Cause::full_read_waits,
       with(due(),
            [](auto& e) {
              e.has_cursor = false;
              e.nobody_waits = true;
              e.full_reads = 64;
            }),
       all, none, "64 other full reads of google are under way", "ask for a sync"},
      {Cause::suspect, with(due(), [](auto& e) { e.unsettled_claims = 3; }), all, ErrorOwner::operators,
       "its last 3 runs ended with their worker", "the last lines"},
      {Cause::waits_for_turn, with(healthy(), [](auto& e) { e.facts.backoff_until = now + 30s; }), all, ops,
       "for its turn to call the provider, or by hand", "clear backoff_until"},
      {Cause::provider_recovers,
       with(due(), [](auto& e) { e.circuit = CircuitEvidence{"ramping", "h", "503", now - 30min, {}}; }), all, provider,
       "google is back", "goes first"},
      {Cause::queued, with(due(), [](auto& e) { e.ahead = 17; }), all, none, "behind 17 others of google", "wait"},
      {Cause::queued,
       with(due(),
            [](auto& e) {
              e.ahead = most_ahead;
              e.facts.last_synced_at = now - 1h;
            }),
       all, ops, "behind 1000 or more others", "start another sync-worker"},
      {Cause::late, with(due(), [](auto& e) { e.facts.last_synced_at = now - 1h; }), all, ops, "no worker has taken it",
       "knows its provider"},
      {Cause::due, due(), all, none, "it is due since 2026-03-02T08:59:00Z (60 seconds ago)", ""},
      {Cause::calendar_failing,
       with(healthy(),
            [](auto& e) {
              e.facts.failing_calendars = 2;
              e.calendars = {{"team@example.com", "provider_rejected: 403", now - 1h}};
            }),
       all, provider, "calendars that cannot be read: 2; team@example.com: provider_rejected: 403", "last_error"},
      {Cause::event_failing,
       with(healthy(),
            [](auto& e) {
              e.failed_events = 3;
              e.events = {{2, "malformed_response: it has no start"}};
            }),
       all, ops, "3; the commonest reason: malformed_response: it has no start", "tried again"},
      {Cause::pushes_off, healthy(), gate({{"CALENDAR_WEBHOOK_ENABLED", "false"}}), ops,
       "CALENDAR_WEBHOOK_ENABLED is off, so push messages are refused; it is polled every 5 minutes",
       "set CALENDAR_WEBHOOK_ENABLED=true and reload"},
      {Cause::in_step, with(healthy(), [](auto& e) { e.channels->live = 0; }),
       gate({{"CALENDAR_WEBHOOK_ENABLED", "false"}}), none, "in step", ""},
      {Cause::channel_dead,
       with(healthy(),
            [](auto& e) {
              e.channels->live = 1;
              e.channels->refused = 1;
              e.channels->refusal = "configuration_error: the address is not accepted";
            }),
       all, ops, "1 of 2 calendars have no push channel: configuration_error", "push.public_url"},
      {Cause::channel_dead, with(healthy(), [](auto& e) { e.channels->silent = 1; }), all, provider,
       "polled every 5 minutes", "the next run opens"},
      {Cause::channel_dead,
       with(healthy(),
            [](auto& e) {
              e.channels->live = 0;
              e.channels->expired_at = now - 1h;
            }),
       all, provider, "a push channel ended at 2026-03-02T08:00:00Z", "the next run opens"},
  };
}

TEST_CASE("every cause is told with its owner, its reason and one action", "[sync][explain]") {
  for (Row& row : rows()) {
    if (row.cause == Cause::polling_off) continue;  // below: whose flag decides
    const Explanation told = explain(row.evidence, row.gate);
    CAPTURE(cause_name(row.cause), told.reason, told.action);
    CHECK(cause_name(told.cause) == cause_name(row.cause));
    CHECK(owner_name(told.owner) == owner_name(row.owner));
    CHECK(told.reason.find(row.reason) != std::string::npos);
    CHECK(told.action.find(row.action) != std::string::npos);
    CHECK(told.action.empty() == row.action.empty());
  }
}

TEST_CASE("the table knows every cause", "[sync][explain]") {
  std::set<std::string_view> told;
  std::set<std::string_view> names;
  for (const Row& row : rows()) told.insert(cause_name(row.cause));
  for (const Cause cause : all_causes()) names.insert(cause_name(cause));
  CHECK(names.size() == all_causes().size());
  CHECK(told == names);
}

TEST_CASE("what the last worker ran with is no reason while none is alive", "[sync][explain]") {
  Evidence evidence = due();
  evidence.worker_gate->gate = gate({{"CALENDAR_SYNC_ENABLED", "false"}});
  CHECK(explain(evidence, gate()).cause == Cause::worker_flag_off);
  evidence.workers_alive = 0;
  CHECK(explain(evidence, gate()).cause == Cause::no_worker);
}

TEST_CASE("polling that is off is the worker's matter, and only without a wish", "[sync][explain]") {
  const GateSettings off = gate({{"CALENDAR_JOBS_ENABLED", "false"}});
  Evidence evidence = due();
  CHECK(explain(evidence, off).cause == Cause::due);  // the worker polls
  evidence.worker_gate->gate = off;
  const Explanation theirs = explain(evidence, gate());
  CHECK(theirs.cause == Cause::polling_off);
  CHECK(theirs.owner == ErrorOwner::operators);
  CHECK(theirs.reason.find("the worker runs with CALENDAR_JOBS_ENABLED=false") != std::string::npos);
  CHECK(theirs.action == "set CALENDAR_JOBS_ENABLED=true and reload");
  const Explanation typo = explain(evidence, gate({{"CALENDAR_JOBS_ENABLED", "yes"}}));
  CHECK(typo.cause == Cause::polling_off);
  CHECK(typo.reason.find("CALENDAR_JOBS_ENABLED is 'yes'") != std::string::npos);
  evidence.facts.sync_needed = true;
  CHECK(explain(evidence, off).cause == Cause::due);
  Evidence unknown = due();
  unknown.worker_gate.reset();
  CHECK(explain(unknown, off).cause == Cause::polling_off);
}

/// Any mixture of what can be the matter.
class Mixture {
 public:
  explicit Mixture(unsigned seed) : dice_(seed) {}

  Evidence evidence() {
    Evidence one = chance(2) ? healthy() : due();
    static const std::vector<Row> all = rows();
    for (int parts = below(4); parts > 0; --parts)
      blend(one, all[static_cast<std::size_t>(below(static_cast<int>(all.size())))].evidence);
    if (chance(10)) one.facts.due_at.reset();
    if (chance(10)) one.worker_gate.reset();
    if (chance(10)) one.worker_gate = WorkerGate{gate({{"CALENDAR_JOBS_ENABLED", "false"}}), now};
    if (chance(10)) one.channels.reset();
    if (chance(10)) one.workers_alive.reset();
    if (chance(10)) one.workers_alive = 0;
    if (chance(10)) one.runs.clear();
    if (chance(10)) one.facts.last_synced_at.reset();
    if (chance(10)) one.facts.error_count = below(50);
    if (chance(10)) one.facts.last_error = "a text without a code";
    return one;
  }
  GateSettings gates() {
    static const std::vector<Row> all = rows();
    return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))].gate;
  }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(dice_); }
  bool chance(int one_in) { return below(one_in) == 0; }
  void blend(Evidence& one, const Evidence& other) {
    if (chance(2)) one.facts = other.facts;
    if (chance(2)) one.circuit = other.circuit;
    if (chance(2)) one.budgets = other.budgets;
    if (chance(2)) one.lease = other.lease;
    if (chance(2)) one.channels = other.channels;
    if (chance(2)) one.worker_gate = other.worker_gate;
    if (chance(2)) one.calendars = other.calendars, one.events = other.events, one.failed_events = other.failed_events;
    if (chance(2)) one.backoff_by = other.backoff_by, one.enabled_by = other.enabled_by;
    if (chance(2))
      one.ahead = other.ahead, one.full_reads = other.full_reads, one.has_cursor = other.has_cursor,
      one.nobody_waits = other.nobody_waits;
    if (chance(2))
      one.read_only = other.read_only, one.told_at = other.told_at, one.unsettled_claims = other.unsettled_claims;
  }
  std::mt19937 dice_;
};

TEST_CASE("whatever is the matter, there is one reason, and an action unless nothing is to do", "[sync][explain]") {
  const std::set<std::string> situations{"active",
                                         "syncing",
                                         "pending",
                                         "delayed",
                                         "throttled",
                                         "suspended",
                                         "disabled",
                                         "needs_reauth",
                                         "provider_down",
                                         "switched_off",
                                         "awaiting_confirmation",
                                         "not_allowlisted"};
  const std::set<Cause> content{Cause::in_step, Cause::syncing, Cause::due};
  std::set<std::string_view> met;
  Mixture mixture(7);
  for (int round = 0; round < 20'000; ++round) {
    const Evidence evidence = mixture.evidence();
    const GateSettings settings = mixture.gates();
    const Explanation told = explain(evidence, settings);
    CAPTURE(round, cause_name(told.cause), told.reason);
    REQUIRE(situations.contains(told.situation));
    REQUIRE_FALSE(told.reason.empty());
    REQUIRE(told.action.empty() == content.contains(told.cause));
    REQUIRE(told.action.find('\n') == std::string::npos);
    if (content.contains(told.cause)) REQUIRE(told.owner == ErrorOwner::none);
    met.insert(cause_name(told.cause));
    std::set<std::string> names;
    for (const Fact& fact : facts_of(evidence, settings)) {
      REQUIRE_FALSE(fact.words.empty());
      REQUIRE(json::parse("[" + fact.value + "]").has_value());
      REQUIRE(names.insert(fact.name).second);
    }
  }
  for (const Cause cause : all_causes()) {
    CAPTURE(cause_name(cause));
    CHECK(met.contains(cause_name(cause)));
  }
}

}  // namespace
}  // namespace calsync::sync
