// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

void known(Step& step) {
  const ConnectionId id = ConnectionId::trusted(pick_connection(step));
  const std::string calendar = step.dice.pick(calendar_ids());
  step.as_worker([&](store::WorkerDatabase& database) { return database.mirror().known(id, calendar); });
}

void known_of(Step& step) {
  const ConnectionId id = ConnectionId::trusted(pick_connection(step));
  const std::string calendar = step.dice.pick(calendar_ids());
  std::vector<std::string> events;
  for (int i = step.dice.below(4); i > 0; --i) events.push_back("event-" + std::to_string(step.dice.below(8)));
  if (step.dice.chance(10)) events.push_back("odd \"id\" {1,2} \\ ");
  if (step.dice.chance(10)) events.push_back(std::string("nul\0inside", 10));
  step.as_worker([&](store::WorkerDatabase& database) { return database.mirror().known(id, calendar, events); });
}

void settle_with_rows(Step& step) {
  const sync::Claim held = pick_claim(step);
  const sync::RunRows rows = pick_rows(step);
  const sync::Settlement settlement = pick_settlement(step, held);
  step.as_worker([&](store::WorkerDatabase& database) { return database.mirror().settle(held, rows, settlement); });
}

void checkpoint(Step& step) {
  const sync::Claim held = pick_claim(step);
  const sync::RunRows rows = pick_rows(step);
  const std::string cursor = step.dice.text(true);
  const int seconds = step.dice.between(0, 300);
  step.as_worker(
      [&](store::WorkerDatabase& database) { return database.mirror().checkpoint(held, rows, cursor, seconds); });
}

/// Mostly a read that its run can go on with.
const simulation::StagedReadRow* pick_under_way(Step& step) {
  const simulation::Tables& tables = step.world.memory.tables();
  std::vector<const simulation::StagedReadRow*> all;
  std::vector<const simulation::StagedReadRow*> alive;
  for (const auto& [key, read] : tables.staged_reads.rows()) {
    const simulation::ConnectionRow& row = *tables.connections.find(read->connection_id);
    all.push_back(read.get());
    if (row.lease_until && row.sync_enabled && row.lease_token == read->lease_token) alive.push_back(read.get());
  }
  if (!alive.empty() && step.dice.chance(85)) return step.dice.pick(alive);
  return all.empty() ? nullptr : step.dice.pick(all);
}

/// Mostly the batch that comes next.
sync::StagedRead pick_read(Step& step, sync::Claim& held, int fresh) {
  sync::StagedRead read;
  read.calendar_id = step.dice.pick(calendar_ids());
  read.time_zone = step.dice.chance(50) ? "Europe/Berlin" : "";
  read.rezoned = step.dice.chance(20);
  const simulation::StagedReadRow* under_way = step.dice.chance(fresh) ? nullptr : pick_under_way(step);
  if (!under_way) return read;
  const simulation::ConnectionRow& row = *step.world.memory.tables().connections.find(under_way->connection_id);
  read.calendar_id = under_way->external_calendar_id;
  read.batches = under_way->batches - (step.dice.chance(8) ? 1 : 0);
  held.connection = ConnectionId::trusted(row.id);
  held.owner = OwnerId::trusted(row.provider_id);
  held.provider = row.provider;
  held.lease_token = row.lease_token - (step.dice.chance(8) ? 1 : 0);
  held.edit_seq = row.edit_seq - (step.dice.chance(8) ? 1 : 0);
  return read;
}

void stage(Step& step) {
  sync::Claim held = pick_claim(step);
  const sync::StagedRead read = pick_read(step, held, 50);
  const sync::StagedBatch batch = pick_batch(step);
  const int seconds = step.dice.between(0, 300);
  step.as_worker([&](store::WorkerDatabase& database) { return database.mirror().stage(held, read, batch, seconds); });
}

void flip(Step& step) {
  sync::Claim held = pick_claim(step);
  const sync::StagedRead read = pick_read(step, held, 5);
  const sync::RunRows rows = step.dice.chance(40) ? pick_rows(step) : sync::RunRows{};
  const std::string cursor = step.dice.text(true);
  const int seconds = step.dice.between(0, 300);
  step.as_worker(
      [&](store::WorkerDatabase& database) { return database.mirror().flip(held, rows, read, cursor, seconds); });
}

}  // namespace

Operations mirror_operations() {
  return {{"known", 6, known},
          {"known_of", 6, known_of},
          {"settle_with_rows", 21, settle_with_rows},
          {"checkpoint", 24, checkpoint},
          {"stage", 40, stage},
          {"flip", 30, flip}};
}

}  // namespace calsync::contract
