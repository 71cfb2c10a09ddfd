// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

using Database = store::WorkerDatabase;

const std::vector<std::string> scopes{"project", "host", "account", "recovery"};
const std::vector<std::string> keys{"google/api", "microsoft/\"graph\"", "a \\{b}, \xC3\xA9"};
const std::vector<std::string> providers{"google", "ics"};
const std::vector<std::string> hosts{"one.example.com", "two.example.com"};

store::BucketName pick_bucket(Step& step) { return {step.dice.pick(scopes), step.dice.pick(keys)}; }

/// Mostly what quotas make; also odd ones, and such that hardly anything flows into.
sync::BucketShape pick_shape(Step& step) {
  static const std::vector<sync::BucketShape> shapes{{10, 20}, {0.8333333333333334, 5}, {150, 300}, {0.001, 1}};
  if (step.dice.chance(80)) return step.dice.pick(shapes);
  return {0.01 + step.dice.fraction() * 50, 1 + step.dice.fraction() * 100};
}

void take_tokens(Step& step) {
  std::map<store::BucketName, store::BucketAsk> asks;
  const int count = step.dice.between(0, 3);
  for (int i = 0; i < count; ++i) {
    const store::BucketName name = pick_bucket(step);
    const sync::BucketShape shape = pick_shape(step);
    asks.insert_or_assign(name, store::BucketAsk{name, shape, static_cast<double>(step.dice.between(0, 30))});
  }
  std::vector<store::BucketAsk> list;
  for (const auto& [name, ask] : asks) list.push_back(ask);
  step.as_worker([&](Database& database) { return database.rates().take(list); });
}

void block_bucket(Step& step) {
  const store::BucketName bucket = pick_bucket(step);
  const sync::BucketShape shape = pick_shape(step);
  const Duration time(step.dice.chance(80) ? step.dice.below(60'000'000) : step.dice.below(2) * 7'200'000'000);
  step.as_worker([&](Database& database) { return database.rates().block(bucket, shape, time); });
}

store::Slot pick_slot(Step& step) {
  store::Slot slot;
  slot.room = {step.dice.chance(50) ? "full_reads" : "account", step.dice.pick(providers)};
  slot.holder = step.dice.chance(50) ? step.dice.pick(worker_ids()) : step.dice.pick(owner_ids());
  slot.places = step.dice.between(0, 3);
  slot.seconds = step.dice.between(0, 300);
  return slot;
}

void enter_room(Step& step) {
  const store::Slot slot = pick_slot(step);
  step.as_worker([&](Database& database) { return database.rates().enter(slot); });
}

void leave_room(Step& step) {
  const store::Slot slot = pick_slot(step);
  step.as_worker([&](Database& database) { return database.rates().leave(slot); });
}

void load_circuits(Step& step) {
  step.as_worker([](Database& database) { return database.circuits().circuits(); });
}

/// Mostly by who has read what is stored.
sync::Circuit pick_circuit(Step& step) {
  sync::Circuit circuit;
  circuit.provider = step.dice.pick(providers);
  circuit.host = step.dice.pick(hosts);
  circuit.state = static_cast<sync::CircuitState>(step.dice.below(4));
  circuit.probe_in = Duration(step.dice.between(-1'000'000, 60'000'000));
  circuit.failed_probes = step.dice.below(5);
  circuit.good_probes = step.dice.below(4);
  circuit.steady = step.dice.fraction() * 40;
  circuit.connections = step.dice.below(5000);
  circuit.reason = step.dice.text(true);
  const simulation::CircuitRow* known = step.world.memory.tables().circuits.find({circuit.provider, circuit.host});
  circuit.version = known && !step.dice.chance(10) ? known->version : 0;
  if (step.dice.chance(10)) ++circuit.version;
  return circuit;
}

void save_circuit(Step& step) {
  const sync::Circuit circuit = pick_circuit(step);
  step.as_worker([&](Database& database) { return database.circuits().save(circuit); });
}

void steady_rate(Step& step) {
  const std::string provider = step.dice.pick(providers);
  step.as_worker([&](Database& database) { return database.circuits().steady(provider); });
}

}  // namespace

Operations rate_operations() {
  return {{"take_tokens", 18, take_tokens}, {"block_bucket", 4, block_bucket},   {"enter_room", 12, enter_room},
          {"leave_room", 4, leave_room},    {"load_circuits", 9, load_circuits}, {"save_circuit", 15, save_circuit},
          {"steady_rate", 4, steady_rate}};
}

}  // namespace calsync::contract
