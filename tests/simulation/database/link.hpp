// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"

namespace calsync::simulation {

/// What lies between a process and the database. Either half may wait, or throw db::DatabaseError. Statements have
/// their names in sql/queries; a pipeline or transaction has one name and is one.
class DatabaseLink {
 public:
  virtual ~DatabaseLink() = default;
  /// Before the statement is applied; when this throws it is not.
  virtual Task<void> request(std::string_view) { co_return; }
  /// After it was applied; when this throws its answer is lost.
  virtual Task<void> reply(std::string_view) { co_return; }
};

}  // namespace calsync::simulation
