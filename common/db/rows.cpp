// SPDX-License-Identifier: Apache-2.0
#include "common/db/rows.hpp"

#include <charconv>
#include <stdexcept>

namespace calsync::db {

int Rows::index(const char* column) const {
  const int at = PQfnumber(result_.get(), column);
  if (at < 0) throw std::logic_error(std::string("the statement returns no column ") + column);
  return at;
}

std::int64_t Rows::affected() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view Rows::text(int row, const char* column) const {
  const int at = index(column);
  return {PQgetvalue(result_.get(), row, at), static_cast<std::size_t>(PQgetlength(result_.get(), row, at))};
}

Value Rows::value(int row, const char* column) const {
  if (is_null(row, column)) return std::nullopt;
  return std::string(text(row, column));
}

std::int64_t Rows::number(int row, const char* column) const {
  const std::string_view digits = text(row, column);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::optional<Time> Rows::time(int row, const char* column) const {
  if (is_null(row, column)) return std::nullopt;
  return parse_timestamp(text(row, column));
}

}  // namespace calsync::db
