// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/contract/store_contract/columns.hpp"
#include "tests/contract/store_contract/real_database.hpp"
#include "tests/simulation/database/tables.hpp"

namespace calsync::contract {

/// A table as rows of texts, by its columns' order here.
using Contents = std::vector<std::vector<db::Value>>;

/// A table that both sides have.
class ComparedTable {
 public:
  virtual ~ComparedTable() = default;
  virtual const std::string& name() const = 0;
  virtual std::vector<std::string> columns() const = 0;
  /// Columns of Postgres' that the double does not have.
  virtual std::vector<std::string> ignored() const = 0;
  /// Sorted.
  virtual Contents real(RealDatabase& database) const = 0;
  virtual Contents memory(const simulation::Tables& tables) const = 0;
};

const std::vector<std::unique_ptr<ComparedTable>>& compared_tables();

/// "" when all tables are equal, else what differs, field by field.
std::string compare_tables(RealDatabase& real, const simulation::Tables& memory);

}  // namespace calsync::contract
