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

}  // namespace

Operations mirror_operations() {
  return {{"known", 6, known},
          {"known_of", 6, known_of},
          {"settle_with_rows", 21, settle_with_rows},
          {"checkpoint", 24, checkpoint}};
}

}  // namespace calsync::contract
