// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"

namespace calsync::db {

/// One parameter in Postgres text format; nothing = NULL.
using Value = std::optional<std::string>;
using Values = std::vector<Value>;

/// "2026-03-02 09:00:00.123456+00"; what timestamptz parameters are written as.
std::string to_text(Time time);
inline Value to_value(const std::optional<Time>& time) { return time ? Value(to_text(*time)) : Value(); }
/// Postgres array literal of text elements: {"a","b"}; without NUL bytes, as in without_nul.
std::string array_literal(const std::vector<std::string>& elements);
/// "" becomes NULL.
inline Value null_if_empty(std::string text) { return text.empty() ? Value() : Value(std::move(text)); }
/// Text that Postgres accepts as UTF-8 text: NUL bytes are dropped (they have no representation there).
std::string without_nul(std::string text);

std::optional<Time> parse_timestamp(std::string_view text);

}  // namespace calsync::db
