// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

/// The API server's own stores on the real side.
struct Stores {
  explicit Stores(Step& step)
      : dice(step.dice.next()),
        credentials(step.world.real.others().credentials(), step.world.keys, dice),
        connections(step.world.real.pool(), credentials),
        jobs(step.world.real.pool()) {}
  Dice dice;
  store::CredentialStore credentials;
  store::ConnectionStore connections;
  store::JobRunStore jobs;
};

store::NewConnection pick_account(Step& step) {
  store::NewConnection one;
  one.owner = OwnerId::trusted(step.dice.chance(97) ? step.dice.pick(owner_ids()) : pick_uuid(step));
  one.provider = step.dice.chance(70) ? "google" : "ics";
  one.account = step.dice.chance(97) ? "account-" + std::to_string(step.dice.below(3)) : "";
  one.email = step.dice.text();
  if (step.dice.chance(70)) one.token_expiry = pick_time(step);
  one.scopes = step.dice.text();
  one.await_confirmation = step.dice.chance(15);
  if (step.dice.chance(70)) one.credentials["refresh_token"] = Secret("refresh " + step.dice.text());
  if (step.dice.chance(70)) one.credentials["access_token"] = Secret("access " + step.dice.text());
  return one;
}

/// Both sides seal with the same dice, for the id that Postgres gives or has given.
void connect(Step& step) {
  const store::NewConnection one = pick_account(step);
  const std::string new_id = pick_uuid(step);
  step.world.move(Duration::zero(), new_id);
  Stores stores(step);
  Dice same = stores.dice;
  store::CredentialStore sealer(step.world.memory_others().credentials(), step.world.keys, same);
  step.compare(
      [&] { return step.world.real.run(stores.connections.connect(admission(sync::Operation::connect), one)); },
      [&] {
        const auto& accounts = step.world.memory.tables().connections.index().accounts;
        const auto known = accounts.find({one.owner.str(), one.provider, one.account});
        const std::string id = known == accounts.end() ? new_id : known->second;
        return step.world.api.connect(one, new_id,
                                      sealer.seal(ConnectionId::trusted(id), one.owner, one.provider, one.credentials));
      });
  step.world.move(Duration::zero(), "");
}

void confirm(Step& step) {
  const std::string id = pick_connection(step);
  const simulation::ConnectionRow* row = step.world.memory.tables().connections.find(id);
  const std::string owner = row && step.dice.chance(90) ? row->provider_id : step.dice.pick(owner_ids());
  Stores stores(step);
  step.compare(
      [&] {
        return step.world.real.run(
            stores.connections.confirm(admission(), ConnectionId::trusted(id), OwnerId::trusted(owner)));
      },
      [&] { return step.world.api.confirm(id, owner); });
}

void set_enabled(Step& step) {
  const std::string id = pick_connection(step);
  const bool enabled = step.dice.chance(75);
  Stores stores(step);
  step.compare(
      [&] { step.world.real.run(stores.connections.set_enabled(admission(), ConnectionId::trusted(id), enabled)); },
      [&] { step.world.api.set_enabled(id, enabled); });
}

void set_frequency(Step& step) {
  const std::string id = pick_connection(step);
  const int minutes = step.dice.between(0, 20);
  Stores stores(step);
  step.compare(
      [&] { step.world.real.run(stores.connections.set_frequency(admission(), ConnectionId::trusted(id), minutes)); },
      [&] { step.world.api.set_frequency(id, minutes); });
}

void select_calendars(Step& step) {
  const std::string id = pick_connection(step);
  std::vector<std::string> calendars;
  for (const std::string& calendar : calendar_ids()) {
    const simulation::CalendarRow* row = step.world.memory.tables().calendars.find({id, calendar});
    if (step.dice.chance(row && !row->deleted_at ? 60 : 5)) calendars.push_back(calendar);
  }
  Stores stores(step);
  step.compare(
      [&] {
        return step.world.real.run(
            stores.connections.select_calendars(admission(), ConnectionId::trusted(id), calendars));
      },
      [&] { return step.world.api.select_calendars(id, calendars); });
}

store::Priority pick_priority(Step& step) { return static_cast<store::Priority>(step.dice.below(3)); }

void wake(Step& step) {
  const std::string id = pick_connection(step);
  const store::Priority priority = pick_priority(step);
  Stores stores(step);
  step.compare(
      [&] { return step.world.real.run(stores.connections.wake(admission(), ConnectionId::trusted(id), priority)); },
      [&] { return step.world.api.wake(id, priority); });
}

void wake_owner(Step& step) {
  const std::string owner = step.dice.pick(owner_ids());
  const store::Priority priority = pick_priority(step);
  const auto listed = pick_listed(step, 30);
  Stores stores(step);
  step.compare(
      [&] {
        return step.world.real.run(
            stores.connections.wake_owner(admission(), OwnerId::trusted(owner), priority, listed));
      },
      [&] { return step.world.api.wake_owner(owner, priority, listed); });
}

void served(Step& step) {
  std::vector<store::Wake> wakes;
  for (const std::string& id : step.dice.some(connection_ids(step), 40)) {
    const std::int64_t seq = step.world.memory.tables().connections.find(id)->wake_seq;
    wakes.push_back({ConnectionId::trusted(id), seq - step.dice.below(3)});
  }
  Stores stores(step);
  step.compare([&] { return step.world.real.run(stores.connections.served(wakes)); },
               [&] { return step.world.api.served(wakes); });
}

void erase(Step& step) {
  const std::string id = pick_connection(step);
  store::ConnectionView view;
  view.facts.connection = ConnectionId::trusted(id);
  view.facts.owner = OwnerId::trusted(owner_ids().front());
  if (const simulation::ConnectionRow* row = step.world.memory.tables().connections.find(id)) {
    view.facts.owner = OwnerId::trusted(row->provider_id);
    view.provider = row->provider;
    view.provider_user_id = row->provider_user_id.value_or("");
  }
  std::optional<std::pair<std::string, std::string>> revocation;
  if (step.dice.chance(70)) revocation.emplace(pick_uuid(step), "v1.k1.revoke");
  Stores stores(step);
  step.compare([&] { return step.world.real.run(stores.connections.erase(admission(), view, revocation)); },
               [&] { return step.world.api.erase(id, revocation); });
}

void start_job_run(Step& step) {
  sync::GateSettings gate = open_gate();
  if (const auto owners = pick_owners(step, 30)) gate.owners = {false, {owners->begin(), owners->end()}};
  if (const auto listed = pick_listed(step, 30)) gate.connections = {false, {listed->begin(), listed->end()}};
  store::JobScope scope;
  if (step.dice.chance(20)) scope.owner = OwnerId::trusted(step.dice.pick(owner_ids()));
  if (step.dice.chance(20)) scope.connection = ConnectionId::trusted(pick_connection(step));
  if (step.dice.chance(30)) scope.window_minutes = step.dice.below(120);
  const std::string run_by = step.dice.text(true);
  const std::string id = pick_uuid(step);
  step.world.move(Duration::zero(), id);
  Stores stores(step);
  step.compare(
      [&] {
        return step.world.real.run(stores.jobs.start(admission(sync::Operation::run_job), gate, run_by, scope)).str();
      },
      [&] {
        step.world.api.start_job_run(id, gate, run_by, scope);
        return id;
      });
  step.world.move(Duration::zero(), "");
}

void find_job_run(Step& step) {
  std::vector<std::string> ids{pick_uuid(step)};
  for (const auto& [id, row] : step.world.memory.tables().job_runs.rows()) ids.push_back(id);
  const std::string id = step.dice.pick(ids);
  Stores stores(step);
  step.compare([&] { return step.world.real.run(stores.jobs.find(JobRunId::trusted(id))); },
               [&] { return step.world.api.find_job_run(id); });
}

}  // namespace

Operations api_operations() {
  return {{"connect", 21, connect},
          {"confirm", 3, confirm},
          {"set_enabled", 6, set_enabled},
          {"set_frequency", 3, set_frequency},
          {"select_calendars", 6, select_calendars},
          {"wake", 12, wake},
          {"wake_owner", 6, wake_owner},
          {"served", 6, served},
          {"erase", 3, erase},
          {"start_job_run", 6, start_job_run},
          {"find_job_run", 9, find_job_run}};
}

}  // namespace calsync::contract
