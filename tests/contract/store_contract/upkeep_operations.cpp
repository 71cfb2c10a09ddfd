// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

using Database = store::WorkerDatabase;

std::string pick_revocation(Step& step) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : step.world.memory.tables().revocations.rows()) ids.push_back(id);
  return ids.empty() || step.dice.chance(5) ? pick_uuid(step) : step.dice.pick(ids);
}

void revocations_due(Step& step) {
  step.as_worker([](Database& database) { return database.revocations().due(); });
}

void revocation_failed(Step& step) {
  const std::string id = pick_revocation(step);
  const std::string reason = step.dice.text(true);
  const std::optional<std::chrono::seconds> pause = pick_pause(step);
  step.as_worker([&](Database& database) { return database.revocations().failed(id, reason, pause); });
}

void revocation_done(Step& step) {
  const std::string id = pick_revocation(step);
  step.as_worker([&](Database& database) { return database.revocations().done(id); });
}

std::string pick_component(Step& step) { return step.dice.chance(50) ? "api-server" : "sync-worker"; }

void load_gate(Step& step) {
  const std::string component = pick_component(step);
  step.as_api([&](Database& database) { return database.gates().load(component); });
}

sync::GateSettings pick_gate(Step& step) {
  sync::GateSettings gate = open_gate();
  for (auto& [flag, on] : gate.flags) on = step.dice.chance(70);
  gate.owners.everybody = step.dice.chance(50);
  for (const std::string& id : step.dice.some(owner_ids(), 50)) gate.owners.ids.insert(id);
  gate.connections.everybody = step.dice.chance(70);
  for (const std::string& id : step.dice.some(connection_ids(step), 50)) gate.connections.ids.insert(id);
  return gate;
}

void record_gate(Step& step) {
  const std::string component = pick_component(step);
  const sync::GateSettings gate = pick_gate(step);
  step.as_api([&](Database& database) {
    return store::record_gate(database.gates(), component, gate, {sync::Flag::sync, sync::Flag::webhook});
  });
}

void mark_gate(Step& step) {
  const auto owners = pick_owners(step, 50);
  const auto listed = pick_listed(step, 50);
  const std::string after = step.dice.chance(50) ? "00000000-0000-0000-0000-000000000000" : pick_connection(step);
  step.as_api([&](Database& database) { return database.gates().mark(owners, listed, after); });
}

void add_metrics(Step& step) {
  store::MetricBatch batch;
  batch.process = step.dice.pick(worker_ids());
  batch.number = step.dice.below(40);
  for (int i = step.dice.below(4); i > 0; --i) {
    MetricRow row{"calsync_" + std::to_string(i), {}, step.dice.fraction() * 100};
    if (step.dice.chance(60)) row.labels = {{"provider", step.dice.text()}, {"outcome", "a\"b"}};
    batch.growth.push_back(row);
    if (step.dice.chance(2)) batch.growth.push_back(row);
  }
  step.as_worker([&](Database& database) { return database.metrics().add(batch); });
}

void prune(Step& step) {
  const store::Retention retention{step.dice.below(10), step.dice.below(5)};
  step.as_worker([&](Database& database) { return database.prune(retention); });
}

}  // namespace

Operations upkeep_operations() {
  return {{"revocations_due", 6, revocations_due}, {"revocation_failed", 6, revocation_failed},
          {"revocation_done", 3, revocation_done}, {"load_gate", 3, load_gate},
          {"record_gate", 6, record_gate},         {"mark_gate", 3, mark_gate},
          {"add_metrics", 6, add_metrics},         {"prune", 2, prune}};
}

}  // namespace calsync::contract
