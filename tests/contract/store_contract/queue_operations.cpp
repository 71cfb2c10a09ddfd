// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

store::ClaimFilter pick_filter(Step& step) {
  static const std::vector<std::string> providers{"google", "ics", "microsoft"};
  store::ClaimFilter filter;
  filter.providers = step.dice.some(providers, 85);
  filter.dead_workers = step.dice.some(worker_ids(), 15);
  filter.busy_owners = step.dice.some(owner_ids(), 10);
  filter.polling = step.dice.chance(75);
  filter.full_reads = step.dice.chance(70);
  filter.patience = std::chrono::seconds(step.dice.between(0, 30));
  filter.owners = pick_owners(step, 15);
  filter.connections = pick_listed(step, 15);
  if (step.dice.chance(40)) filter.suspect = ConnectionId::trusted(pick_suspect(step));
  return filter;
}

/// Rows that tie may come in any order, and any of them may fall behind the limit: the times in their order, and, where
/// the limit left none out, who they are.
std::string shown(const simulation::Tables& tables, const std::vector<store::Candidate>& found, int limit) {
  std::string times;
  for (const store::Candidate& one : found) {
    const simulation::ConnectionRow* row = tables.connections.find(one.connection.str());
    times += (row && row->sync_due_at ? db::to_text(*row->sync_due_at) : "not due") + " ";
    times += std::to_string(one.overdue.count()) + " ";
  }
  return times + (tables.connections.size() <= static_cast<std::size_t>(limit) ? render(found) : "");
}

/// Of an owner's rows that tie Postgres may take any first, and their priorities decide about what follows.
bool owners_rows_tie(const simulation::Tables& tables) {
  std::map<std::pair<std::string, Time>, int> priorities;
  for (const auto& [id, row] : tables.connections.rows()) {
    if (!row->sync_due_at) continue;
    const auto [place, first] = priorities.try_emplace({row->provider_id, *row->sync_due_at}, row->sync_priority);
    if (!first && place->second != row->sync_priority) return true;
  }
  return false;
}

Task<std::string> show_candidates(store::WorkerDatabase& database, const simulation::Tables& tables,
                                  store::ClaimFilter filter, int limit) {
  const std::vector<store::Candidate> found = co_await database.queue().candidates(std::move(filter), limit);
  co_return shown(tables, found, limit);
}

void heartbeat(Step& step) {
  step.as_worker([](store::WorkerDatabase& database) { return database.queue().heartbeat(); });
}

void sign_off(Step& step) {
  step.as_worker([](store::WorkerDatabase& database) { return database.queue().sign_off(); });
}

void candidates(Step& step) {
  const store::ClaimFilter filter = pick_filter(step);
  const simulation::Tables& tables = step.world.memory.tables();
  const bool any_may_come = filter.owners && owners_rows_tie(tables);
  const int limit = any_may_come ? 100 : step.dice.pick(std::vector<int>{0, 1, 3, 100});
  step.as_worker([&](store::WorkerDatabase& database) { return show_candidates(database, tables, filter, limit); });
}

void claim(Step& step) {
  const store::ClaimFilter filter = pick_filter(step);
  std::vector<ConnectionId> ids;
  for (const std::string& id : step.dice.some(connection_ids(step), 50)) ids.push_back(ConnectionId::trusted(id));
  if (step.dice.chance(5)) ids.push_back(ConnectionId::trusted(pick_connection(step)));
  const int seconds = step.dice.pick(std::vector<int>{1, 30, 300});
  step.as_worker([&](store::WorkerDatabase& database) { return database.queue().claim(ids, filter, seconds); });
}

void extend(Step& step) {
  const sync::Claim held = pick_claim(step);
  const int seconds = step.dice.between(1, 300);
  step.as_worker([&](store::WorkerDatabase& database) {
    return database.queue().extend(held.connection, held.lease_token, held.edit_seq, seconds);
  });
}

void settle(Step& step) {
  std::map<ConnectionId, sync::Settlement> settlements;
  const int count = step.dice.between(1, 4);
  for (int i = 0; i < count; ++i) {
    const sync::Claim held = pick_claim(step);
    settlements.insert_or_assign(held.connection, pick_settlement(step, held));
  }
  std::vector<sync::Settlement> list;
  for (const auto& [id, settlement] : settlements) list.push_back(settlement);
  step.as_worker([&](store::WorkerDatabase& database) { return database.queue().settle(list); });
}

void release(Step& step) {
  std::map<ConnectionId, sync::ReturnedLease> leases;
  const int count = step.dice.between(0, 3);
  for (int i = 0; i < count; ++i) {
    const sync::Claim held = pick_claim(step);
    const std::chrono::seconds pause(step.dice.chance(60) ? 0 : step.dice.between(1, 900));
    const std::chrono::seconds second_look(step.dice.chance(60) ? 0 : step.dice.between(1, 900));
    leases[held.connection] = {held.connection, held.lease_token, pause, held.edit_seq, second_look};
  }
  std::vector<sync::ReturnedLease> list;
  for (const auto& [id, one] : leases) list.push_back(one);
  step.as_worker([&](store::WorkerDatabase& database) { return database.queue().release(list); });
}

void disown(Step& step) {
  std::vector<ConnectionId> ids;
  for (const std::string& id : step.dice.some(connection_ids(step), 30)) ids.push_back(ConnectionId::trusted(id));
  step.as_worker([&](store::WorkerDatabase& database) { return database.queue().disown(ids); });
}

void read_credentials(Step& step) {
  const ConnectionId id = ConnectionId::trusted(pick_connection(step));
  step.as_worker([&](store::WorkerDatabase& database) { return database.credentials().read(id); });
}

void replace_credentials(Step& step) {
  const sync::Claim held = pick_claim(step);
  const std::vector<store::SealedCredential> sealed = pick_sealed(step);
  const std::optional<Time> expiry = step.dice.chance(80) ? std::optional(pick_time(step)) : std::nullopt;
  step.as_worker([&](store::WorkerDatabase& database) {
    return database.credentials().replace(held.connection, held.lease_token, sealed, expiry);
  });
}

}  // namespace

Operations queue_operations() {
  return {{"heartbeat", 12, heartbeat},
          {"sign_off", 1, sign_off},
          {"candidates", 24, candidates},
          {"claim", 42, claim},
          {"extend", 9, extend},
          {"settle", 21, settle},
          {"release", 9, release},
          {"disown", 3, disown},
          {"read_credentials", 3, read_credentials},
          {"replace_credentials", 12, replace_credentials}};
}

}  // namespace calsync::contract
