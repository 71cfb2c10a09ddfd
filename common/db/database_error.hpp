// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace calsync::db {

/// Postgres refused a statement or cannot be reached. `sqlstate` is "" when the connection itself failed.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(std::string message, std::string sqlstate)
      : std::runtime_error(std::move(message)), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

}  // namespace calsync::db
