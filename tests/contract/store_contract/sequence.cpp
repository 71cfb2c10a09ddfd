// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/sequence.hpp"

#include <fmt/format.h>

#include <numeric>

#include "tests/contract/store_contract/compared_tables.hpp"

namespace calsync::contract {
namespace {

std::size_t pick_operation(Dice& dice) {
  static const int all = std::accumulate(operations().begin(), operations().end(), 0,
                                         [](int sum, const Operation& one) { return sum + one.weight; });
  int at = dice.below(all);
  std::size_t operation = 0;
  while ((at -= operations()[operation].weight) >= 0) ++operation;
  return operation;
}

/// Often no time at all, so that instants coincide; sometimes past leases, pauses and retentions.
Duration pick_pause(Dice& dice) {
  static const std::vector<Duration> longest{Duration(0),
                                             Duration(0),
                                             Duration(0),
                                             Duration(1),
                                             std::chrono::milliseconds(900),
                                             std::chrono::seconds(3),
                                             std::chrono::seconds(20),
                                             std::chrono::minutes(4),
                                             std::chrono::hours(2)};
  if (dice.below(400) == 0) return std::chrono::days(dice.between(1, 12));
  const Duration most = dice.pick(longest);
  return Duration(static_cast<std::int64_t>(dice.fraction() * static_cast<double>(most.count() + 1)));
}

}  // namespace

const Operations& operations() {
  static const Operations all = [] {
    Operations gathered;
    for (const Operations& some : {queue_operations(), mirror_operations(), push_operations(), rate_operations(),
                                   upkeep_operations(), api_operations(), operator_operations()}) {
      gathered.insert(gathered.end(), some.begin(), some.end());
    }
    return gathered;
  }();
  return all;
}

std::vector<Turn> turns(std::uint64_t seed, int count) {
  Dice dice(seed);
  std::vector<Turn> turns;
  for (int i = 0; i < count; ++i) {
    const std::size_t operation = pick_operation(dice);
    turns.push_back({operation, dice.next(), pick_pause(dice)});
  }
  return turns;
}

std::optional<Difference> play(RealDatabase& real, const std::vector<Turn>& turns, std::size_t compare_every,
                               simulation::Plant plant) {
  World world(real, plant);
  for (std::size_t at = 0; at < turns.size(); ++at) {
    world.move(turns[at].pause, "");
    Step step(world, turns[at].seed);
    operations()[turns[at].operation].run(step);
    if (step.difference.empty() && ((at + 1) % compare_every == 0 || at + 1 == turns.size()))
      step.difference = compare_tables(real, world.memory.tables());
    if (!step.difference.empty()) return Difference{at, step.difference};
  }
  return std::nullopt;
}

std::vector<Turn> shrink(RealDatabase& real, std::vector<Turn> turns, simulation::Plant plant) {
  const auto cut_after = [&](std::vector<Turn> some, std::size_t compare_every) -> std::optional<std::vector<Turn>> {
    const std::optional<Difference> found = play(real, some, compare_every, plant);
    if (!found) return std::nullopt;
    some.resize(found->at + 1);
    return some;
  };
  if (auto exact = cut_after(turns, 1)) turns = std::move(*exact);
  for (std::size_t portion = std::max<std::size_t>(turns.size() / 2, 1); portion > 0; portion /= 2) {
    // From the end: what comes late depends on what came early.
    for (std::size_t end = turns.size() - std::min<std::size_t>(1, turns.size()); end >= portion;) {
      std::vector<Turn> fewer = turns;
      const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(end - portion);
      // The time of those left out passes all the same.
      const Duration passed = std::accumulate(first, first + static_cast<std::ptrdiff_t>(portion), Duration(0),
                                              [](Duration sum, const Turn& turn) { return sum + turn.pause; });
      const auto next = fewer.erase(first, first + static_cast<std::ptrdiff_t>(portion));
      if (next != fewer.end()) next->pause += passed;
      if (auto shorter = cut_after(std::move(fewer), turns.size() + 1)) turns = std::move(*shorter);
      end = std::min(end - portion, turns.size() - 1);
    }
  }
  if (auto exact = cut_after(turns, 1)) turns = std::move(*exact);
  return turns;
}

std::string report(RealDatabase& real, std::uint64_t seed, const std::vector<Turn>& turns) {
  const std::vector<Turn> few = shrink(real, turns);
  const std::optional<Difference> difference = play(real, few, 1);
  std::string text = fmt::format("seed {}: Postgres and the double differ after these operations:\n", seed);
  for (const Turn& turn : few)
    text += fmt::format("  after {} us {} with dice {}\n", turn.pause.count(), operations()[turn.operation].name,
                        turn.seed);
  return text + (difference ? difference->what : "the difference did not come again\n");
}

}  // namespace calsync::contract
