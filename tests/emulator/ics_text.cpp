// SPDX-License-Identifier: Apache-2.0
#include "ics_text.hpp"

#include <unicode/unistr.h>

#include "text.hpp"

namespace calsync::emulator {
namespace {

// A line break followed by a blank is no break (folding).
std::vector<std::string> unfolded_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find_first_of("\r\n", at);
    if (end == text.npos) end = text.size();
    const std::string_view piece = text.substr(at, end - at);
    if (!lines.empty() && !piece.empty() && (piece[0] == ' ' || piece[0] == '\t')) {
      lines.back().append(piece.substr(1));
    } else if (!piece.empty()) {
      lines.emplace_back(piece);
    }
    at = end + 1;
    if (end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n') ++at;
  }
  return lines;
}

IcsProperty parse_line(std::string_view line) {
  IcsProperty property;
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0, at = 0;
  for (; at < line.size(); ++at) {
    if (line[at] == '"') quoted = !quoted;
    if (quoted || (line[at] != ';' && line[at] != ':')) continue;
    parts.push_back(line.substr(begin, at - begin));
    begin = at + 1;
    if (line[at] == ':') break;
  }
  if (at >= line.size()) {
    // An unbalanced quote swallows the colon; the first one then ends the name and parameters.
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return property;
    parts = split(line.substr(0, colon), ';');
    begin = colon + 1;
  }
  property.value = line.substr(begin);
  if (parts.empty()) return property;
  property.name = upper(trim(parts[0]));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == parts[i].npos) continue;
    std::string value(parts[i].substr(equals + 1));
    std::erase(value, '"');
    property.parameters.emplace_back(upper(trim(parts[i].substr(0, equals))), std::move(value));
  }
  return property;
}

}  // namespace

std::string_view IcsProperty::parameter(std::string_view wanted) const {
  for (const auto& [key, content] : parameters)
    if (key == wanted) return content;
  return {};
}

const IcsProperty* IcsComponent::find(std::string_view wanted) const {
  for (const IcsProperty& property : properties)
    if (property.name == wanted) return &property;
  return nullptr;
}

std::vector<IcsComponent> parse_ics(std::string_view text) {
  std::vector<IcsComponent> components(1);
  std::vector<std::size_t> open{0};
  std::size_t zone = 0;  // the VTIMEZONE that is open
  for (const std::string& line : unfolded_lines(text)) {
    IcsProperty property = parse_line(line);
    if (property.name == "BEGIN") {
      IcsComponent begun;
      begun.name = upper(trim(property.value));
      begun.parent = open.back();
      components.push_back(std::move(begun));
      open.push_back(components.size() - 1);
      if (components.back().name == "VTIMEZONE") zone = components.size() - 1;
      if (zone != 0) components[zone].lines.push_back(line);
      continue;
    }
    if (zone != 0) components[zone].lines.push_back(line);
    if (property.name == "END") {
      const std::string name = upper(trim(property.value));
      if (name == "VTIMEZONE") zone = 0;
      std::size_t depth = open.size();
      while (depth > 1 && components[open[depth - 1]].name != name) --depth;
      if (depth <= 1) continue;  // an END without its BEGIN
      components[open[depth - 1]].ended = true;
      open.resize(depth - 1);
      continue;
    }
    if (!property.name.empty()) components[open.back()].properties.push_back(std::move(property));
  }
  return components;
}

std::string to_utf8(std::string bytes) {
  std::string result;
  const bool little = bytes.starts_with("\xff\xfe"), big = bytes.starts_with("\xfe\xff");
  if (little || big) {
    icu::UnicodeString text;
    for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
      const unsigned first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
      text.append(static_cast<char16_t>(little ? second << 8 | first : first << 8 | second));
    }
    text.toUTF8String(result);
  } else if (valid_utf8(bytes)) {
    result = std::move(bytes);
    if (result.starts_with("\xef\xbb\xbf")) result.erase(0, 3);
  } else {
    for (const char c : bytes) {
      const unsigned char byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        result += c;
      } else {
        result += static_cast<char>(0xc0 | byte >> 6);
        result += static_cast<char>(0x80 | (byte & 0x3f));
      }
    }
  }
  std::erase(result, '\0');
  return result;
}

std::string unescape_text(std::string_view value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      result += value[i];
      continue;
    }
    ++i;
    result += value[i] == 'n' || value[i] == 'N' ? '\n' : value[i];
  }
  return result;
}

}  // namespace calsync::emulator
