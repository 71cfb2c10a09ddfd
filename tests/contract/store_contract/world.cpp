// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/world.hpp"

#include <stdexcept>

namespace calsync::contract {
namespace {

std::string numbered_uuid(int kind, int number) {
  const std::string digits = std::to_string(1000 + number).substr(1);
  return std::to_string(kind) + "0000000-0000-4000-8000-000000000" + digits;
}

std::vector<std::string> numbered_uuids(int kind, int count) {
  std::vector<std::string> ids;
  for (int i = 1; i <= count; ++i) ids.push_back(numbered_uuid(kind, i));
  return ids;
}

KeyRing test_keys() {
  auto keys = KeyRing::parse("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
  if (!keys) throw std::logic_error(keys.error().message);
  return *keys;
}

}  // namespace

const std::vector<std::string>& worker_ids() {
  static const std::vector<std::string> ids = numbered_uuids(1, 3);
  return ids;
}

const std::vector<std::string>& owner_ids() {
  static const std::vector<std::string> ids = numbered_uuids(2, 3);
  return ids;
}

const std::vector<std::string>& calendar_ids() {
  static const std::vector<std::string> ids{"primary", "work", "a \"b\" {c}, \\d"};
  return ids;
}

World::World(RealDatabase& postgres, simulation::Plant plant) : real(postgres), keys(test_keys()) {
  for (const std::string& id : worker_ids())
    memory_workers_.push_back(memory.worker(WorkerId::trusted(id), host_of(id), "1"));
  memory_workers_.push_back(memory.api());
  real.empty_tables();
  move(Duration::zero(), "");
  for (const std::string& id : owner_ids()) {
    real.execute("INSERT INTO profiles (id) VALUES ('" + id + "')");
    people.add_owner(id);
  }
  memory.plant(plant);
}

void World::move(Duration ahead, const std::string& next_id) {
  clock.at += ahead;
  real.set(clock.at, next_id);
}

void Step::note(const std::string& real, const std::string& memory) {
  if (real != memory && difference.empty())
    difference = "the result:\n  Postgres:   " + real + "\n  the double: " + memory + "\n";
}

const sync::GateSettings& open_gate() {
  static const sync::GateSettings gate = sync::parse_gate({{"CALENDAR_SYNC_ENABLED", "true"},
                                                           {"CALENDAR_OAUTH_ENABLED", "true"},
                                                           {"CALENDAR_JOBS_ENABLED", "true"},
                                                           {"CALENDAR_WEBHOOK_ENABLED", "true"},
                                                           {"CALENDAR_ALLOWLIST_PROVIDER_IDS", "*"}});
  return gate;
}

sync::Admission admission(sync::Operation operation) {
  const OwnerId owner = OwnerId::trusted(owner_ids().front());
  return *sync::ask(open_gate(), operation, &owner).admission;
}

}  // namespace calsync::contract
