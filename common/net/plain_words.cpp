// SPDX-License-Identifier: Apache-2.0
#include "common/net/plain_words.hpp"

#include <algorithm>
#include <cctype>

namespace calsync::net {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view punctuation = ".,:;'\"()-!?";
constexpr std::size_t longest_word = 24;

bool is_plain(std::string_view word) {
  // A status, a year or "5xx" is too short to be a secret.
  const bool is_short = word.size() <= 5;
  return word.size() <= longest_word && std::all_of(word.begin(), word.end(), [&](unsigned char c) {
           return std::isalpha(c) || (is_short && std::isdigit(c)) ||
                  punctuation.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

}  // namespace

std::string plain_words(std::string_view text, std::size_t limit) {
  std::string out;
  while (out.size() < limit) {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    if (!out.empty()) out += ' ';
    out += is_plain(word) ? std::string(word) : "[…]";
  }
  return out;
}

}  // namespace calsync::net
