// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/provider/graph_account.hpp"
#include "tests/simulation/world/comparison.hpp"
#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {
namespace {

using namespace std::chrono_literals;

/// Exponential pauses: things come in clusters.
Duration pause(SeededRandom& random, Duration mean) {
  const double share = -std::log(1.0 - random.share());
  return Duration(static_cast<std::int64_t>(static_cast<double>(mean.count()) * std::min(share, 6.0)) + 1000);
}

}  // namespace

Report run_seed(std::uint64_t seed, const Kinds& kinds, Trace::Sink sink, Plant plant) {
  std::vector<std::string> names, of_mailboxes;
  for (const Hazard& one : all_hazards()) (one.of_mailboxes ? of_mailboxes : names).push_back(one.name);
  Plan plan = draw_plan(seed, names, of_mailboxes);
  std::erase_if(plan.kinds, [&](const std::string& one) { return !kinds.contains(one); });
  plan.plant = plant;
  World world(std::move(plan), std::move(sink));
  return world.run();
}

Report World::run() {
  start_api();
  for (std::size_t one = 0; one < workers_.size(); ++one) start_worker(one);
  tick();
  schedule_hazard();
  schedule_change();
  schedule_request();
  scheduler_.run_until(plan_.chaos);
  if (!checks_.violation()) heal();
  Report report;
  report.seed = plan_.seed;
  report.violation = checks_.violation();
  report.virtual_time = scheduler_.elapsed();
  report.steps = scheduler_.steps();
  report.commits = checks_.judged();
  for (const auto& [name, times] : provider_faults_->fired()) fired_[name] += times;
  for (const auto& worker : workers_) {
    if (worker) fired_["allocation_failure"] += worker->starved();
  }
  report.fired = {fired_.begin(), fired_.end()};
  std::erase_if(report.fired, [](const auto& one) { return one.second == 0; });
  report.trace_hash = trace_.hash();
  return report;
}

/// First a family, so that the many ways of providers do not crowd out the others.
const Hazard* World::draw_hazard() {
  std::map<std::string, std::vector<const Hazard*>> families;
  for (const Hazard& one : all_hazards()) {
    if (!plan_.kinds.contains(one.name)) continue;
    // Those of mailboxes have fewer worlds to strike in.
    for (int times = one.of_mailboxes ? 2 : 1; times > 0; --times) families[one.family].push_back(&one);
  }
  if (families.empty()) return nullptr;
  return random_.pick(std::next(families.begin(), static_cast<std::ptrdiff_t>(random_.below(families.size())))->second);
}

void World::schedule_hazard() {
  scheduler_.after(pause(random_, plan_.between_hazards), [this] {
    if (!chaos_) return;
    if (const Hazard* one = draw_hazard()) {
      trace_.say(scheduler_.elapsed(), "HAZARD " + one->name);
      one->strike(*this);
    }
    schedule_hazard();
  });
}

void World::schedule_change() {
  scheduler_.after(pause(random_, plan_.between_changes), [this] {
    if (!chaos_) return;
    const std::string kind = graph_mutator_ && random_.chance(0.5) ? graph_mutator_->mutate() : mutator_->mutate();
    trace_.say(scheduler_.elapsed(), "CHANGE " + kind);
    schedule_change();
  });
}

void World::schedule_request() {
  scheduler_.after(pause(random_, plan_.between_requests), [this] {
    if (!chaos_) return;
    request();
    schedule_request();
  });
}

/// What people and host applications do in the course of a day, by the API or by the runbook's SQL.
void World::request() {
  Member& member = random_.pick(roster_.members);
  if (member.connection.empty()) return;
  const auto mine = [&](const ConnectionRow& row) { return row.id == member.connection; };
  switch (random_.below(11)) {
    case 0:
    case 1:
      requests_.wake(member.connection, store::Priority::interactive);
      break;
    case 2:
      requests_.wake_owner(member.owner, store::Priority::interactive, std::nullopt);
      break;
    case 3:
      requests_.start_job_run(random_uuid(random_), sync::parse_gate(environment_), "cron", {});
      break;
    case 4:
      operator_.update_connections(mine, {.sync_needed = true});
      break;
    case 5:
      operator_.update_connections(mine, {.sync_needed = true, .sync_cursor = Text{}});
      break;
    case 6:
      operator_.update_connections(mine, {.error_count = 0, .last_error = Text{}, .backoff_until = Moment{}});
      break;
    case 7:
      operator_.update_connections(mine, {.last_synced_at = Moment{}});
      break;
    case 8:
      requests_.set_enabled(member.connection, false);
      scheduler_.after(20s, [this, id = member.connection] { requests_.set_enabled(id, true); });
      break;
    case 9:
      operator_.update_events([&](const EventRow& row) { return row.sync_status == "FAILED"; },
                              {.sync_status = "CREATED", .last_error = Text{}});
      break;
    default: {
      std::vector<std::string> wanted;
      for (const auto& [key, row] : database_.tables().calendars.rows()) {
        if (row->connection_id == member.connection && !row->deleted_at && random_.chance(0.7))
          wanted.push_back(row->external_calendar_id);
      }
      requests_.select_calendars(member.connection, wanted);
    }
  }
}

/// A process that lives shuts it out, by a switch or a list. Where all were down meanwhile, nobody has refused
/// anything.
bool World::shut_out(const ConnectionRow& row) const {
  const auto shuts = [&](const sync::GateSettings& gate) {
    return !gate.on(sync::Flag::sync) || !gate.on(sync::Flag::webhook) || !gate.owners.admits(row.provider_id);
  };
  return (api_ && shuts(api_->gate())) ||
         std::ranges::any_of(workers_, [&](const auto& one) { return one && one->ready() && shuts(one->gate()); });
}

/// Shut out, enabled, and nobody waits for them.
std::set<std::string> World::shut_out_at_rest() const {
  std::set<std::string> found;
  for (const auto& [id, row] : database_.tables().connections.rows()) {
    if (row->sync_enabled && !row->sync_needed && !row->lease_until && shut_out(*row)) found.insert(id);
  }
  return found;
}

/// Whoever lost their grant for good connects again; everything else has to come back by itself, or with what the
/// runbook tells operators to do.
void World::reconnect_the_dead() {
  for (Member& member : roster_.members) {
    if (!member.feed) member.grant = grant_again(provider_, member.grant.email);
    const ConnectionRow* row =
        member.connection.empty() ? nullptr : database_.tables().connections.find(member.connection);
    const CredentialRow* token = row ? database_.tables().credentials.find({row->id, "refresh_token"}) : nullptr;
    const bool dead = !row || (!member.feed && (!token || !alive(*row, *token)));
    if (dead) connect(member);
  }
}

bool World::alive(const ConnectionRow& row, const CredentialRow& token) {
  const auto opened =
      keys().open(token.sealed, store::credential_context(ConnectionId::trusted(row.id),
                                                          OwnerId::trusted(row.provider_id), row.provider, token.kind));
  if (!opened) return false;
  if (row.provider == "microsoft") return entra_takes(provider_, opened->reveal());
  // One that was replaced works for an hour more, and its successor may have died with its worker.
  const emulator::RefreshToken* held = provider_.provider.tokens.find_refresh(opened->reveal());
  return held && held->expires_ms == 0;
}

void World::heal() {
  chaos_ = false;
  for_mid_run_.clear();
  trace_.say(scheduler_.elapsed(), "HEAL");
  provider_faults_->heal();
  database_faults_.heal();
  for (std::size_t one = 0; one < workers_.size(); ++one) {
    if (workers_[one] && (workers_[one]->process().paused() || workers_[one]->process().clock_is_wrong()))
      kill_worker(one, 1s);
  }
  if (random_.chance(0.3)) {
    set_environment({{"CALENDAR_SYNC_ENABLED", "false"}});
    scheduler_.run_until(scheduler_.elapsed() + 15s);
  }
  const std::set<std::string> at_rest = shut_out_at_rest();
  const Duration released = scheduler_.elapsed();
  set_environment({{"CALENDAR_SYNC_ENABLED", "true"},
                   {"CALENDAR_JOBS_ENABLED", "true"},
                   {"CALENDAR_WEBHOOK_ENABLED", "true"},
                   {"CALENDAR_ALLOWLIST_PROVIDER_IDS", ""},
                   {"CALENDAR_ALLOWLIST_CONNECTION_IDS", ""}});
  // Hazards that go on by themselves (a key rotation, a restart) come to their end first.
  scheduler_.run_until(scheduler_.elapsed() + 220s);
  for (const std::string& id : at_rest) {
    const ConnectionRow* row = database_.tables().connections.find(id);
    if (row && row->sync_enabled && !checks_.woken_since(id, released))
      checks_.violated("I14", "a switch or a list let it in again, and what was missed by " + id + " is not due");
  }
  if (checks_.violation()) return;
  reconnect_the_dead();
  operator_.update_connections([](const ConnectionRow& row) { return !row.sync_enabled; }, {.sync_enabled = true});
  // Whatever the reason for it: a row that is to be read again is read again, although the provider has nothing new.
  const auto read_again = [this](const EventRow& row) {
    return row.sync_status == "FAILED" || (row.sync_status == "SYNCED" && !row.deleted_at && random_.chance(0.02));
  };
  operator_.update_events(read_again, {.sync_status = "CREATED", .last_error = Text{}});
  // Calendars whose tokens were refused again and again are read every six hours only; nobody waits for that here.
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(scheduler_.now().time_since_epoch()).count();
  operator_.update_connections(
      [now](const ConnectionRow& row) {
        for (const auto& [id, position] : sync::parse_cursor(row.sync_cursor.value_or("")).calendars) {
          if (sync::resting(position, now)) return true;
        }
        return false;
      },
      {.sync_cursor = Text{}});
  Duration longest{0};
  for (const auto& [id, row] : database_.tables().connections.rows()) {
    if (row->backoff_until) longest = std::max(longest, Duration(*row->backoff_until - scheduler_.now()));
  }
  if (plan_.helped || longest > 20min) {
    operator_.update_connections([](const ConnectionRow& row) { return row.backoff_until.has_value(); },
                                 {.error_count = 0, .last_error = Text{}, .backoff_until = Moment{}});
    longest = {};
  }
  const Duration until = scheduler_.elapsed() + longest + 2 * std::chrono::minutes(plan_.frequency_minutes) +
                         std::chrono::seconds(plan_.lease_seconds) + 90s;
  while (scheduler_.elapsed() < until && !checks_.violation() && !in_step())
    scheduler_.run_until(scheduler_.elapsed() + 5s);
  if (!checks_.violation()) check_end();
}

bool World::in_step(std::string* why) {
  // How the provider writes a time depends on the calendar's zone, and nobody is told when that changes alone.
  const Comparison comparison(provider_, database_, !plan_.kinds.contains("zone_change"));
  for (const Member& member : roster_.members) {
    if (!comparison.in_step(member, why)) return false;
  }
  return true;
}

void World::check_end() {
  std::string why;
  // A run may be on its way at the last moment.
  if (!in_step(&why) && why.find("sync_needed true, error_count 0") != why.npos)
    scheduler_.run_until(scheduler_.elapsed() + 30s);
  if (checks_.violation()) return;
  if (!in_step(&why)) return checks_.violated("I1", "not in step within the bound: " + why);
  if (const auto leak = secrets_.leak(database_)) return checks_.violated("I15", *leak);
  // And it stays so, without endless runs.
  checks_.quiet_begins();
  const std::uint64_t before = checks_.calls();
  scheduler_.run_until(scheduler_.elapsed() + 2 * std::chrono::minutes(plan_.frequency_minutes) + 10s);
  if (checks_.violation()) return;
  if (!in_step(&why) && why.find("sync_needed true") == why.npos)
    return checks_.violated("I1", "fell out of step without a change: " + why);
  for (const auto& [key, read] : database_.tables().staged_reads.rows()) {
    const ConnectionRow* row = database_.tables().connections.find(key.first);
    if (!row->lease_until || row->lease_token != read->lease_token)
      return checks_.violated("I17", "what a read has staged of " + key.second + " is left behind");
  }
  // Each renewal of a channel is a run, and its first message another one.
  const std::uint64_t most = (plan_.channel_seconds < 3600 ? 180 : 60) * roster_.members.size();
  if (checks_.calls() - before > most)
    return checks_.violated("I17", fmt::format("{} calls in two quiet polls", checks_.calls() - before));
  checks_.judge_quiet(plan_.pushes);
  if (plan_.afternoon && !checks_.violation()) check_afternoon();
}

}  // namespace calsync::simulation
