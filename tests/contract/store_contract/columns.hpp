// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/time.hpp"
#include "common/db/value.hpp"

namespace calsync::contract {

/// How texts of a column are compared; `approximate`: sums of products, to seven digits.
enum class Kind { exact, time, number, approximate, json, array };

/// The same text for what Postgres and the double write differently. NULL stays NULL.
db::Value normal(Kind kind, const db::Value& value);

template <class Row>
struct Column {
  std::string name;
  Kind kind;
  std::function<db::Value(const Row&)> read;
};

inline db::Value text_of(const std::string& text) { return text; }
inline db::Value text_of(bool flag) { return flag ? "true" : "false"; }
inline db::Value text_of(std::int64_t number) { return std::to_string(number); }
inline db::Value text_of(double number) { return fmt::format("{}", number); }
inline db::Value text_of(int number) { return std::to_string(number); }
inline db::Value text_of(Time time) { return db::to_text(time); }
template <class T>
db::Value text_of(const std::optional<T>& maybe) {
  return maybe ? text_of(*maybe) : db::Value();
}

template <class T>
constexpr Kind kind_of() {
  if (std::is_same_v<T, double>) return Kind::approximate;
  return std::is_same_v<T, Time> || std::is_same_v<T, std::optional<Time>> ? Kind::time : Kind::exact;
}

/// A column that is a member of the same name.
template <class Row, class T>
Column<Row> column(std::string name, T Row::* member) {
  return {std::move(name), kind_of<T>(), [member](const Row& row) { return text_of(row.*member); }};
}
template <class Row, class T>
Column<Row> column(std::string name, Kind kind, T Row::* member) {
  return {std::move(name), kind, [member](const Row& row) { return text_of(row.*member); }};
}

}  // namespace calsync::contract
