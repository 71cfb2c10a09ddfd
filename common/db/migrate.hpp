// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/db/pool.hpp"

namespace calsync::db {

/// Applies what is missing, each migration in its own transaction with the version row, under an advisory lock so that
/// several may start at once. Returns the names applied. Throws DatabaseError; a failed migration leaves no trace.
Task<std::vector<std::string>> migrate(Connection& connection);

/// The highest version in the database, 0 for an empty one.
Task<int> schema_version(Connection& connection);
/// The version this build needs.
int required_schema_version();
/// For daemons at their start. Throws DatabaseError when the schema is older than they need.
Task<void> require_schema(Pool& pool);

}  // namespace calsync::db
