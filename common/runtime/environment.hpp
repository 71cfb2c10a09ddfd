// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace calsync {

using Environment = std::map<std::string, std::string>;

/// Nothing = not set; an empty value is a value.
std::optional<std::string> environment_variable(const std::string& name);
/// Every variable of this process.
Environment read_environment();

/// The text of a systemd EnvironmentFile= (systemd.exec(5)): KEY=VALUE lines, comments after '#' or ';', single and
/// double quotes, backslash at the end of a line joins it with the next. Stricter than systemd, which drops what it
/// does not understand: a line without '=', a bad name, a NUL byte and an unterminated quote are failure invalid_input
/// naming the line (never the value, which may be a key). A name that comes twice keeps its last value.
Result<Environment> parse_environment_file(std::string_view text);

}  // namespace calsync
