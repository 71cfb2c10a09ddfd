// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/contract/store_contract/compared_tables.hpp"
#include "tests/contract/store_contract/options.hpp"
#include "tests/contract/store_contract/sequence.hpp"

namespace calsync::contract {
namespace {

/// So many operations begin with empty tables.
constexpr int sequence_length = 2000;
constexpr std::size_t compare_every = 40;
/// What rarely makes a difference may need more than one.
constexpr std::uint64_t planted_sequences = 4;

using simulation::Plant;

TEST_CASE("the memory double and Postgres agree on random operations") {
  RealDatabase real(worker_ids());
  const std::uint64_t first = options().seed * 1'000'000;
  for (int done = 0; done < options().operations; done += sequence_length) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(done / sequence_length);
    std::vector<Turn> some = turns(seed, std::min(sequence_length, options().operations - done));
    const std::optional<Difference> difference = play(real, some, compare_every);
    if (!difference) continue;
    some.resize(difference->at + 1);
    FAIL(difference->what << report(real, seed, some));
  }
}

TEST_CASE("a deviation of the double is found") {
  RealDatabase real(worker_ids());
  const auto plant = static_cast<Plant>(GENERATE(range(1, static_cast<int>(Plant::last) + 1)));
  CAPTURE(static_cast<int>(plant));
  std::optional<Difference> found;
  for (std::uint64_t more = 0; !found && more < planted_sequences; ++more)
    found = play(real, turns(options().seed + more, sequence_length), compare_every, plant);
  CHECK(found);
}

TEST_CASE("a difference is shrunk to a few operations") {
  RealDatabase real(worker_ids());
  const std::vector<Turn> few = shrink(real, turns(7, 300), Plant::wake_counts_nothing);
  CHECK(few.size() <= 4);
  CHECK(play(real, few, 1, Plant::wake_counts_nothing));
}

/// A column that is added to a table has to be added to the double.
TEST_CASE("every column is compared") {
  RealDatabase real(worker_ids());
  static constexpr sql::Query columns_of{
      "contract_columns",
      "SELECT column_name FROM information_schema.columns WHERE table_schema = 'fake' AND table_name = $1"};
  for (const auto& table : compared_tables()) {
    db::Values values{table->name()};
    const db::Rows rows = real.run(real.pool().query(columns_of, std::move(values)));
    std::set<std::string> there;
    for (int row = 0; row < rows.size(); ++row) there.emplace(rows.text(row, "column_name"));
    std::set<std::string> compared;
    for (const std::string& name : table->columns()) compared.insert(name);
    for (const std::string& name : table->ignored()) compared.insert(name);
    CHECK(there == compared);
  }
}

}  // namespace
}  // namespace calsync::contract
