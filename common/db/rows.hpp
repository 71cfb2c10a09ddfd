// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/db/value.hpp"

namespace calsync::db {

/// The result of one statement. Reading a column that the statement does not return is a bug and throws.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  int size() const { return PQntuples(result_.get()); }
  bool empty() const { return size() == 0; }
  /// Rows that an INSERT, UPDATE or DELETE touched.
  std::int64_t affected() const;

  bool is_null(int row, const char* column) const { return PQgetisnull(result_.get(), row, index(column)) == 1; }
  std::string_view text(int row, const char* column) const;  ///< "" for NULL
  Value value(int row, const char* column) const;
  std::int64_t number(int row, const char* column) const;
  bool flag(int row, const char* column) const { return text(row, column) == "t"; }
  std::optional<Time> time(int row, const char* column) const;

 private:
  struct Deleter {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  int index(const char* column) const;
  std::unique_ptr<PGresult, Deleter> result_;
};

}  // namespace calsync::db
