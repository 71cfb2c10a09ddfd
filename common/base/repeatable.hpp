// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace calsync {

// What of a text from outside a message may repeat. People put secrets into wrong places: a token where a name belongs,
// a password in the value of a flag.

/// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);
/// Whether `text` can be a mistyped `name`: what resembles no name may be anything.
bool resembles(std::string_view text, std::string_view name);
/// An unknown name in quotes, or, if it resembles none of the known ones, these instead of it.
std::string unknown_name(std::string_view text, const std::set<std::string>& known);
/// A wrong value: short words and UUIDs as they are, anything longer as "[…]".
std::string presentable(std::string_view value);
/// The same for each segment of a path.
std::string presentable_path(std::string_view path);

}  // namespace calsync
