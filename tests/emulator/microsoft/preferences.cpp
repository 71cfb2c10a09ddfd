// SPDX-License-Identifier: Apache-2.0
#include "preferences.hpp"

#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

// At commas outside of quotes.
std::vector<std::string_view> parts_of(std::string_view header) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= header.size(); ++i) {
    if (i < header.size() && header[i] == '"') quoted = !quoted;
    if (i < header.size() && (quoted || (header[i] != ',' && header[i] != ';'))) continue;
    if (const std::string_view part = trim(header.substr(from, i - from)); !part.empty()) parts.push_back(part);
    from = i + 1;
  }
  return parts;
}

std::string_view unquoted(std::string_view value) {
  value = trim(value);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return value;
}

}  // namespace

Preferences read_preferences(std::string_view header, std::string_view iana) {
  Preferences wanted;
  for (const std::string_view part : parts_of(header)) {
    const std::size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const std::string_view value = equals == part.npos ? std::string_view() : unquoted(part.substr(equals + 1));
    bool taken = true;
    if (equal_ignoring_case(name, "outlook.timezone")) {
      wanted.zone = outlook_zone(value, iana);
      if (!wanted.zone) throw unsupported_zone(value);
      wanted.zone_name = value;
    } else if (equal_ignoring_case(name, "IdType")) {
      taken = wanted.immutable_ids = equal_ignoring_case(value, "ImmutableId");
    } else if (equal_ignoring_case(name, "outlook.body-content-type")) {
      wanted.text_bodies = equal_ignoring_case(value, "text");
    } else if (equal_ignoring_case(name, "odata.maxpagesize") || equal_ignoring_case(name, "maxpagesize")) {
      const auto number = parse_integer(value);
      taken = number && *number > 0;
      if (taken) wanted.page_size = *number;
    } else {
      taken =
          equal_ignoring_case(name, "odata.track-changes") || equal_ignoring_case(name, "outlook.allow-unsafe-html");
    }
    if (!taken) continue;
    if (!wanted.applied.empty()) wanted.applied += ", ";
    wanted.applied += part;
  }
  return wanted;
}

}  // namespace calsync::emulator::microsoft
