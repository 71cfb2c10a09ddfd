// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "common/base/json.hpp"

namespace calsync::contract {
namespace {

/// Members sorted by name; of equal ones the last counts.
std::string canonical(const json::Value& value) {
  if (value.IsArray()) {
    std::string text = "[";
    for (const json::Value& one : value.GetArray()) text += canonical(one) + ",";
    return text + "]";
  }
  if (!value.IsObject()) return json::dump(value);
  std::map<std::string, std::string> members;
  for (const auto& [name, member] : value.GetObject()) members[json::dump(name)] = canonical(member);
  std::string text = "{";
  for (const auto& [name, member] : members) text += name + ":" + member + ",";
  return text + "}";
}

std::string canonical_json(const std::string& text) {
  const auto parsed = json::parse(text);
  return parsed ? canonical(*parsed) : "no JSON: " + text;
}

/// The elements of a text[] literal, quoted or not.
std::string canonical_array(const std::string& literal) {
  std::vector<std::string> elements;
  std::string element;
  bool quoted = false;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    const char c = literal[i];
    if (c == '\\') {
      element += literal[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      elements.push_back(std::exchange(element, {}));
    } else {
      element += c;
    }
  }
  if (literal.size() > 2) elements.push_back(std::move(element));
  return db::array_literal(elements);
}

std::string canonical_time(const std::string& text) {
  const std::optional<Time> time = db::parse_timestamp(text);
  return time ? db::to_text(*time) : "no time: " + text;
}

/// What is left of a difference of equal numbers is nothing.
std::string approximate(double number) { return std::abs(number) < 1e-9 ? "0" : fmt::format("{:.7g}", number); }

}  // namespace

db::Value normal(Kind kind, const db::Value& value) {
  if (!value) return value;
  switch (kind) {
    case Kind::exact:
      return value;
    case Kind::time:
      return canonical_time(*value);
    case Kind::number:
      return fmt::format("{}", std::stod(*value));
    case Kind::approximate:
      return approximate(std::stod(*value));
    case Kind::json:
      return canonical_json(*value);
    case Kind::array:
      return canonical_array(*value);
  }
  return value;
}

}  // namespace calsync::contract
