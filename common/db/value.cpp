// SPDX-License-Identifier: Apache-2.0
#include "common/db/value.hpp"

#include <algorithm>

namespace calsync::db {

std::string to_text(Time time) { return format_rfc3339(time); }

std::string array_literal(const std::vector<std::string>& elements) {
  std::string out = "{";
  for (const std::string& element : elements) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : element) {
      if (c == '\0') continue;
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string without_nul(std::string text) {
  std::erase(text, '\0');
  return text;
}

std::optional<Time> parse_timestamp(std::string_view text) {
  if (text == "infinity") return Time::max();
  if (text == "-infinity") return Time::min();
  std::string full(text);
  const std::size_t sign = full.find_last_of("+-");
  // Sessions run in UTC, where Postgres writes the offset as "+00".
  if (sign != std::string::npos && full.size() - sign == 3) full += ":00";
  return parse_rfc3339(full);
}

}  // namespace calsync::db
