// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/world.hpp"

#include <fmt/format.h>

#include <new>

#include "common/store/credential_store.hpp"
#include "common/store/revocation_context.hpp"
#include "tests/simulation/database/session.hpp"
#include "tests/simulation/provider/graph_account.hpp"

namespace calsync::simulation {
using namespace std::chrono_literals;

KeyRing World::keys() const { return key_ring(keys_text_); }

World::World(Plan plan, Trace::Sink sink)
    : plan_(std::move(plan)),
      scheduler_(plan_.start, plan_.seed, trace_),
      random_(plan_.seed ^ 0x5bd1e995u),
      provider_(clock_, plan_.seed),
      database_faults_(scheduler_, random_.fork(), fired_),
      checks_(scheduler_, provider_, database_, roster_),
      around_{scheduler_,
              provider_,
              database_,
              database_faults_,
              checks_,
              [this](const std::string& process, std::string_view line) {
                secrets_.log(line);
                if (trace_.wanted()) trace_.explain(scheduler_.elapsed(), process + " says " + std::string(line));
              },
              [this](const std::string& process, const sync::GateSettings& gate) { checks_.gate_set(process, gate); },
              [this](const providers::PushItem& item, Duration begun, std::string_view said) {
                if (!checks_.genuine(item))
                  return checks_.violated("I7", "a push message without the secret of its channel woke a connection");
                checks_.push_accepted(item, begun, said);
              },
              [this](const providers::PushItem& item, const sync::GateSettings& gate) {
                checks_.push_passed_over(item, gate);
              }},
      environment_(everything_on()),
      keys_text_(key_entry(1)) {
  if (sink) trace_.show(std::move(sink));
  database_.plant(plan_.plant);
  database_.on_commit([this](const Commit& commit) {
    checks_.committed(commit);
    judge_revocations(commit);
  });
  checks_.on_secret([this](std::string secret) { secrets_.know(std::move(secret)); });
  checks_.on_call([this] {
    for (auto& [number, action] : std::exchange(for_mid_run_, {}))
      scheduler_.after(random_.between(Duration(0), Duration(60ms)), std::move(action));
  });
  secrets_.know(std::string(client_secret));
  checks_.configured(plan_.concurrency, plan_.per_owner);
  checks_.on_calm([this](const std::string& worker) { return calm_since(worker); });
  build_provider();
  workers_.resize(static_cast<std::size_t>(plan_.workers));
  births_.resize(workers_.size());
}

World::~World() {
  workers_.clear();
  api_.reset();
}

void World::build_provider() {
  provider_.call("POST", "/control/settings",
                 fmt::format(R"({{"access_token_lifetime_seconds":{},"rotate_refresh_tokens":{},"short_pages":{}}})",
                             plan_.access_token_seconds, plan_.rotate_refresh_tokens, plan_.page_items));
  provider_.call("POST", "/control/settings", "{" + plan_.ways + "}");
  for (int one = 0; one < plan_.owners; ++one) {
    owners_.push_back(random_uuid(random_));
    operator_.add_owner(owners_.back());
  }
  std::vector<Grant> grants;
  for (int one = 0; one < plan_.google_accounts; ++one) {
    std::vector<WantedCalendar> calendars;
    for (int more = random_.between(0, 2); more > 0; --more)
      calendars.push_back({fmt::format("team{}-{}{}@group.calendar.sim", one, more, more == 2 ? "#holiday" : ""),
                           fmt::format("Team {}", more), random_.chance(0.5) ? "America/New_York" : "Asia/Kolkata",
                           "writer"});
    grants.push_back(make_account(provider_, fmt::format("person{}@provider.sim", one), calendars));
    roster_.members.push_back({random_.pick(owners_), "google", grants.back().subject, grants.back()});
  }
  mutator_ = std::make_unique<Mutator>(provider_, random_, grants);
  std::vector<std::string> feed_names;
  for (int one = 0; one < plan_.feeds; ++one) {
    feed_names.push_back(fmt::format("feed{}", one));
    feeds_.push_back(std::make_unique<FeedAuthor>(provider_, random_, feed_names.back(), random_.chance(0.7)));
    mutator_->add_feed(*feeds_.back());
    const std::string url = feeds_.back()->url();
    roster_.members.push_back({random_.pick(owners_), "ics", "feed:" + sha256_hex(url), {}, feeds_.back().get()});
  }
  provider_faults_ = std::make_unique<FaultContext>(provider_, random_, grants, feed_names);
  provider_faults_->set_life(3min);
  for (int one = random_.between(3, 25); one > 0; --one) mutator_->mutate();
  if (plan_.microsoft_accounts > 0) build_mailboxes();
  for (Member& one : roster_.members) connect(one);
}

void World::build_mailboxes() {
  std::vector<Grant> grants;
  for (int one = 0; one < plan_.microsoft_accounts; ++one) {
    std::vector<std::string> calendars;
    for (int more = random_.between(0, 2); more > 0; --more) calendars.push_back(fmt::format("Team {}", more));
    grants.push_back(
        make_mailbox(provider_, fmt::format("mailbox{}@outlook.sim", one), random_.chance(0.3), calendars));
    roster_.members.push_back({random_.pick(owners_), "microsoft", grants.back().subject, grants.back()});
  }
  provider_faults_->add_mailboxes(grants);
  graph_mutator_ = std::make_unique<GraphMutator>(provider_, random_, grants);
  for (int one = random_.between(3, 15); one > 0; --one) graph_mutator_->mutate();
}

void World::connect(Member& member) {
  connector_.connect(member, keys());
  secrets_.know(member.grant.access_token);
  secrets_.know(member.grant.refresh_token);
  if (member.feed) secrets_.know(member.feed->url());
}

Start World::start_of(const std::string& name, int worker) {
  Start start{name, settings_of(plan_, worker), keys(), sync::parse_gate(environment_), random_.next()};
  if (plan_.small_circuits) start.circuits = small_circuits();
  return start;
}

/// A later release, with other defaults.
void World::upgrade(Start& start) const {
  start.version = next_release;
  start.settings.worker.lease_seconds = plan_.lease_seconds / 2 + 5;
  start.settings.worker.heartbeat_milliseconds = 2000;
  start.settings.worker.checkpoint_rows = 3;
  start.settings.worker.poll_milliseconds = 2500;
}

/// One daemon after the other changes its release, as in a rolling upgrade or its way back.
void World::change_release(std::size_t which) {
  if (!next_releases_.erase(which)) next_releases_.insert(which);
  drain_worker(which, 1s);
}

void World::start_worker(std::size_t which) {
  if (workers_[which]) return;
  const std::string name = fmt::format("worker{}.{}", which, ++births_[which]);
  Start start = start_of(name, static_cast<int>(which));
  const sync::GateSettings gate = start.gate;
  if (next_releases_.contains(which)) upgrade(start);
  workers_[which] = std::make_unique<WorkerProcess>(
      around_, std::move(start), [this, which](std::exception_ptr why) { worker_crashed(which, why); });
  checks_.worker_born(name, workers_[which]->id(), gate);
  disturbed_[workers_[which]->id()] = scheduler_.elapsed();
}

void World::start_api() {
  if (api_) return;
  checks_.gate_set("api", sync::parse_gate(environment_));
  api_ = std::make_unique<ApiProcess>(around_, start_of("api", 0), [this](std::exception_ptr why) {
    try {
      std::rethrow_exception(why);
    } catch (const db::DatabaseError&) {
      scheduler_.after(0s, [this] { kill_api(2s); });
    } catch (const std::exception& error) {
      checks_.crashed("api", error.what());
    }
  });
}

/// The supervisor starts it again. Only a lack of memory, and a database that is away at the start, are reasons to end.
void World::worker_crashed(std::size_t which, std::exception_ptr why) {
  const WorkerProcess& worker = *workers_[which];
  try {
    std::rethrow_exception(why);
  } catch (const std::bad_alloc&) {
  } catch (const db::DatabaseError& error) {
    if (worker.ready()) checks_.crashed(worker.name(), error.what());
  } catch (const std::exception& error) {
    checks_.crashed(worker.name(), error.what());
  }
  scheduler_.after(0s, [this, which, name = worker.name()] {
    if (workers_[which] && workers_[which]->name() == name) kill_worker(which, 2s);
  });
}

void World::in_mid_run(std::function<void()> action) {
  const int number = ++wishes_;
  for_mid_run_.emplace(number, std::move(action));
  scheduler_.after(40s, [this, number] {
    auto waiting = for_mid_run_.extract(number);
    if (!waiting.empty()) waiting.mapped()();
  });
}

void World::kill_worker(std::size_t which, Duration away) {
  if (!workers_[which]) return;
  fired_["allocation_failure"] += workers_[which]->starved();
  trace_.say(scheduler_.elapsed(), workers_[which]->name() + " dies");
  disturbed_.erase(workers_[which]->id());
  workers_[which].reset();
  scheduler_.after(away, [this, which] { start_worker(which); });
}

void World::drain_worker(std::size_t which, Duration away) {
  if (!workers_[which]) return;
  workers_[which]->stop();
  restart_when_ended(which, away);
}

/// Whoever has not ended a minute later is killed, as supervisors do.
void World::restart_when_ended(std::size_t which, Duration away) {
  scheduler_.after(60s, [this, which, away, name = workers_[which]->name()] {
    if (!workers_[which] || workers_[which]->name() != name) return;
    checks_.drains_for_ever(name, workers_[which]->id());
    kill_worker(which, away);
  });
}

/// Since when nothing has happened to it, nor to the database.
std::optional<Duration> World::calm_since(const std::string& worker) const {
  const auto found = disturbed_.find(worker);
  if (found == disturbed_.end()) return std::nullopt;
  return std::max(found->second, database_faults_.last_hit());
}

void World::kill_api(Duration away) {
  if (!api_) return;
  api_.reset();
  for (auto& [number, push] : std::exchange(on_their_way_, {})) pushes_.finished(std::move(push), {});
  scheduler_.after(away, [this] { start_api(); });
}

void World::set_environment(const std::map<std::string, std::string>& changes) {
  for (const auto& [name, value] : changes) environment_[name] = value;
  const sync::GateSettings gate = sync::parse_gate(environment_);
  for (auto& worker : workers_) {
    if (worker) worker->set_gate(gate);
  }
  if (!api_) return;
  checks_.gate_set("api", gate);
  api_->set_gate(gate);
}

void World::restart_all() {
  for (std::size_t one = 0; one < workers_.size(); ++one) drain_worker(one, 1s);
  kill_api(1s);
}

/// As docs/configuration.md tells operators to do it: the new key is known everywhere before it seals anything.
void World::rotate_keys() {
  if (std::exchange(rotating_, true)) return;
  const std::string before = keys_text_.substr(0, keys_text_.find(' '));
  const std::string fresh = key_entry(++keys_made_);
  const std::string key = fresh.substr(0, fresh.find(':'));
  keys_text_ = before + " " + fresh;
  restart_all();
  scheduler_.after(70s, [this, before, fresh] {
    keys_text_ = fresh + " " + before;
    restart_all();
  });
  scheduler_.after(140s, [this, key] {
    reseal_all(key);
    count("key_rotation");
    rotating_ = false;
  });
}

void World::reseal_all(const std::string& key) {
  const KeyRing ring = keys();
  if (ring.active_key() != key) return;
  const auto rows = database_.tables().credentials.rows();
  for (const auto& [place, row] : rows) {
    if (row->key_id == key) continue;
    const ConnectionRow* connection = database_.tables().connections.find(row->connection_id);
    const SealContext context =
        store::credential_context(ConnectionId::trusted(connection->id), OwnerId::trusted(connection->provider_id),
                                  connection->provider, row->kind);
    const auto opened = ring.open(row->sealed, context);
    if (!opened) return checks_.violated("I15", "a sealed credential does not open: " + opened.error().message);
    operator_.replace_sealed(connection->id, row->kind, row->sealed, ring.seal(*opened, context, random_), key);
  }
}

void World::disconnect(Member& member) {
  if (member.connection.empty()) return;
  std::optional<std::pair<std::string, std::string>> revocation;
  const CredentialRow* token = database_.tables().credentials.find({member.connection, "refresh_token"});
  const ConnectionRow* row = database_.tables().connections.find(member.connection);
  if (token && row) {
    const KeyRing ring = keys();
    const auto opened = ring.open(
        token->sealed, store::credential_context(ConnectionId::trusted(row->id), OwnerId::trusted(row->provider_id),
                                                 row->provider, "refresh_token"));
    if (opened) {
      const std::string id = random_uuid(random_);
      revoked_tokens_[id] = opened->reveal();
      revocation.emplace(id,
                         ring.seal(*opened, store::revocation_context(id, row->provider_id, row->provider), random_));
    }
  }
  checks_.erased(member.connection);
  requests_.erase(std::exchange(member.connection, ""), revocation);
}

/// A grant that nobody speaks of any more is dead at the provider, unless its account was connected again.
void World::judge_revocations(const Commit& commit) {
  if (commit.statement != "revocation_done") return;
  for (const auto& change : commit.revocations) {
    const auto token = change.after || !change.before ? revoked_tokens_.end() : revoked_tokens_.find(change.before->id);
    if (token == revoked_tokens_.end() || change.before->attempts >= 30) continue;
    if (provider_.provider.tokens.find_refresh(token->second))
      checks_.violated("I16", "the grant of a disconnected account was forgotten, and it is alive at the provider");
  }
}

void World::forget(Member& member) {
  checks_.erased(member.connection);
  operator_.delete_connection(std::exchange(member.connection, ""));
}

void World::pump_pushes() {
  while (auto push = pushes_.next_push()) {
    if (!api_) {
      pushes_.finished(std::move(*push), {});
      continue;
    }
    const int number = ++pushes_made_;
    on_their_way_.emplace(number, *push);
    scheduler_.after(5s, [this, number] {
      if (on_their_way_.contains(number)) checks_.violated("I7", "a push message has no answer after five seconds");
    });
    api_->receive(std::move(*push), [this, number](PushReply reply) {
      auto mine = on_their_way_.extract(number);
      if (!mine.empty()) pushes_.finished(std::move(mine.mapped()), std::move(reply));
    });
  }
}

void World::tick() {
  pump_pushes();
  provider_.finish_abandoned();
  checks_.look_at_workers();
  for (std::size_t one = 0; one < workers_.size(); ++one) {
    if (!workers_[one]) continue;
    checks_.backlog(workers_[one]->name(), workers_[one]->process().backlog());
    WorkerProcess& worker = *workers_[one];
    if (worker.process().paused()) disturbed_[worker.id()] = scheduler_.elapsed();
    if (worker.ready() && !worker.ended()) checks_.look_for_life(worker.name(), worker.id());
    if (!worker.ended()) continue;
    checks_.ended(worker.name(), worker.id());
    kill_worker(one, 1s);
  }
  scheduler_.after(250ms, [this] { tick(); });
}

}  // namespace calsync::simulation
