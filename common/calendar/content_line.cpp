// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/content_line.hpp"

#include <algorithm>
#include <cctype>

#include "common/calendar/ical_text.hpp"

namespace calsync::calendar {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

/// The first of `stops` outside quotes.
std::size_t find_unquoted(std::string_view text, std::size_t from, std::string_view stops) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '"') {
      const auto closing = text.find('"', at + 1);
      if (closing != std::string_view::npos) at = closing;
    } else if (stops.find(text[at]) != std::string_view::npos) {
      return at;
    }
  }
  return std::string_view::npos;
}

/// Drops quotes and undoes RFC 6868: ^n is a line break, ^' a quote, ^^ a caret.
std::string parameter_value(std::string_view raw) {
  std::string value;
  value.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '^' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == 'n' || next == '\'' || next == '^') {
      value += next == 'n' ? '\n' : next == '\'' ? '"' : '^';
      ++i;
    } else if (raw[i] != '"') {
      value += raw[i];
    }
  }
  return value;
}

}  // namespace

std::string_view ContentLine::parameter(std::string_view wanted) const {
  for (const auto& [key, value] : parameters) {
    if (key == wanted) return value;
  }
  return {};
}

std::optional<ContentLine> parse_content_line(std::string text) {
  ContentLine line;
  line.text = std::move(text);
  const std::string_view all = line.text;
  std::size_t at = all.find_first_of(";:");
  if (at == std::string_view::npos) return std::nullopt;
  line.name = upper_case(trim_blanks(all.substr(0, at)));
  if (!is_name(line.name)) return std::nullopt;
  while (all[at] == ';') {
    const std::size_t end = find_unquoted(all, at + 1, ";:");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view parameter = all.substr(at + 1, end - at - 1);
    const auto equals = std::min(parameter.find('='), parameter.size());
    const std::string_view raw = parameter.substr(std::min(equals + 1, parameter.size()));
    if (equals > 0)
      line.parameters.emplace_back(upper_case(trim_blanks(parameter.substr(0, equals))), parameter_value(raw));
    at = end;
  }
  line.value_at = at + 1;
  return line;
}

}  // namespace calsync::calendar
