// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace calsync::calendar {

/// One property of a component: "NAME;PARAM=value:value" (RFC 5545 section 3.1).
struct ContentLine {
  std::string text{};                                             ///< the whole line, as in the file
  std::string name{};                                             ///< upper case
  std::vector<std::pair<std::string, std::string>> parameters{};  ///< names in upper case, values without quotes
  std::size_t value_at = 0;

  std::string_view value() const { return std::string_view(text).substr(value_at); }
  /// "" when absent; several values are joined with commas.
  std::string_view parameter(std::string_view wanted) const;
};

/// Nothing when the line has no name or no value. Blanks round a name are forgiven, and a quote that never ends is an
/// ordinary character.
std::optional<ContentLine> parse_content_line(std::string text);

}  // namespace calsync::calendar
