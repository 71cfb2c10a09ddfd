// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/contract/store_contract/compared_tables.hpp"

namespace calsync::contract {
namespace {

constexpr std::size_t longest_shown = 200;

std::string shown(const db::Value& value) {
  if (!value) return "NULL";
  return value->size() > longest_shown ? "'" + value->substr(0, longest_shown) + "…'" : "'" + *value + "'";
}

std::string shown(const std::vector<std::string>& columns, const std::vector<db::Value>& row) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) text += " " + columns[i] + "=" + shown(row[i]);
  return text;
}

/// The fields of two rows that are to be the same one.
std::string fields(const std::vector<std::string>& columns, const std::vector<db::Value>& real,
                   const std::vector<db::Value>& memory) {
  std::string text = "  row " + shown(real[0]) + " " + shown(real[1]) + "\n";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (real[i] != memory[i])
      text += "    " + columns[i] + ": Postgres " + shown(real[i]) + ", the double " + shown(memory[i]) + "\n";
  }
  return text;
}

/// The leading columns say which row it is: three of them, or two.
Contents::iterator find_same(Contents& rows, const std::vector<db::Value>& row) {
  for (const std::ptrdiff_t columns : {row.size() < 3 ? 2 : 3, 2}) {
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const auto& other) {
      return std::equal(row.begin(), row.begin() + columns, other.begin());
    });
    if (same != rows.end() || row.size() < 3) return same;
  }
  return rows.end();
}

std::string rows(const ComparedTable& table, const Contents& real, const Contents& memory) {
  Contents only_real;
  Contents only_memory;
  std::set_difference(real.begin(), real.end(), memory.begin(), memory.end(), std::back_inserter(only_real));
  std::set_difference(memory.begin(), memory.end(), real.begin(), real.end(), std::back_inserter(only_memory));
  std::string text = table.name() + ":\n";
  const std::vector<std::string> columns = table.columns();
  for (const auto& row : only_real) {
    const auto same = find_same(only_memory, row);
    if (same == only_memory.end()) {
      text += "  only in Postgres:" + shown(columns, row) + "\n";
    } else {
      text += fields(columns, row, *same);
      only_memory.erase(same);
    }
  }
  for (const auto& row : only_memory) text += "  only in the double:" + shown(columns, row) + "\n";
  return text;
}

}  // namespace

std::string compare_tables(RealDatabase& real, const simulation::Tables& memory) {
  std::string differences;
  for (const auto& table : compared_tables()) {
    const Contents in_real = table->real(real);
    const Contents in_memory = table->memory(memory);
    if (in_real != in_memory) differences += rows(*table, in_real, in_memory);
  }
  return differences;
}

}  // namespace calsync::contract
