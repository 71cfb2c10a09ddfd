// SPDX-License-Identifier: Apache-2.0
// iCalendar text as components and properties (RFC 5545 section 3.1), read leniently: files of the wild are the input.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace calsync::emulator {

struct IcsProperty {
  std::string name;  // upper case
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string value;

  std::string_view parameter(std::string_view wanted) const;
};

struct IcsComponent {
  std::string name;  // upper case
  std::size_t parent = 0;
  bool ended = false;
  std::vector<IcsProperty> properties;
  std::vector<std::string> lines;  // of a VTIMEZONE with all that is in it, as read

  const IcsProperty* find(std::string_view wanted) const;
};

// The components in the order of their BEGIN lines, all in one list. The first one stands for the file itself.
std::vector<IcsComponent> parse_ics(std::string_view text);

// UTF-8 whatever the file was in: UTF-16 by its byte order mark, else Latin-1 when it is no UTF-8. NULs are dropped.
std::string to_utf8(std::string bytes);
std::string unescape_text(std::string_view value);

}  // namespace calsync::emulator
