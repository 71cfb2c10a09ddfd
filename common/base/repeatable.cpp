// SPDX-License-Identifier: Apache-2.0
#include "common/base/repeatable.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>
#include <vector>

namespace calsync {
namespace {

/// Shorter than any secret worth the name.
constexpr std::size_t short_name = 7;
constexpr std::size_t short_word = 12;

bool is_word(unsigned char c) {
  return std::isalnum(c) || c >= 0x80 || std::string_view("_-+/=").find(static_cast<char>(c)) != std::string_view::npos;
}

/// A UUID, perhaps with a letter too many or too few.
bool is_like_uuid(std::string_view word) {
  const auto dashes = std::count(word.begin(), word.end(), '-');
  const auto strange =
      std::count_if(word.begin(), word.end(), [](unsigned char c) { return c != '-' && !std::isxdigit(c); });
  return word.size() <= 40 && dashes >= 4 && strange <= 1;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

bool resembles(std::string_view text, std::string_view name) {
  if (text.size() <= short_name) return true;
  // The distance is at least the difference of the lengths, and dear for long texts.
  if (text.size() > 2 * name.size()) return false;
  return edit_distance(text, name) <= name.size() / 3;
}

std::string unknown_name(std::string_view text, const std::set<std::string>& known) {
  const bool mistyped =
      text.size() <= short_name ||
      std::any_of(known.begin(), known.end(), [text](const std::string& name) { return resembles(text, name); });
  if (mistyped) return "\"" + std::string(text) + "\"";
  std::string names;
  for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "(there is none)" : "(known: " + names + ")";
}

std::string presentable(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const auto end = std::find_if_not(value.begin(), value.end(), is_word);
    const std::string_view word = value.substr(0, static_cast<std::size_t>(end - value.begin()));
    out += word.size() <= short_word || is_like_uuid(word) ? std::string(word) : "[…]";
    value.remove_prefix(word.size());
    if (value.empty()) break;
    out += value.front();
    value.remove_prefix(1);
  }
  return out;
}

std::string presentable_path(std::string_view path) {
  std::string out;
  for (;;) {
    const auto slash = std::min(path.find('/'), path.size());
    out += presentable(path.substr(0, slash));
    if (slash == path.size()) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace calsync
