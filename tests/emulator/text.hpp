// SPDX-License-Identifier: Apache-2.0
// Small operations on text: comparing, splitting, percent-encoding.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace calsync::emulator {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
// A hash map that can be searched with a string_view without making a string.
template <class Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts
std::vector<std::string> words(std::string_view text);                       // at white space
std::optional<std::int64_t> parse_integer(std::string_view text);

std::string percent_encode(std::string_view text);                      // RFC 3986 unreserved stay
std::string percent_decode(std::string_view text, bool plus_is_space);  // malformed escapes stay as they are

bool valid_utf8(std::string_view text);
std::string escape_html(std::string_view text);

}  // namespace calsync::emulator
