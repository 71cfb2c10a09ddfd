// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/dice.hpp"

namespace calsync::contract {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

std::string Dice::bytes(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) bytes += static_cast<char>(next() & 0xFFU);
  return bytes;
}

std::string Dice::text(bool nul) {
  static const std::vector<std::string> words{"",
                                              "a",
                                              "Team meeting",
                                              "it's \"quoted\", {braced} and \\slashed\\",
                                              "NULL",
                                              " ",
                                              "line\nbreak\ttab\r",
                                              "Gr\xC3\xB6\xC3\x9F"
                                              "e \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x93\x85",
                                              "e\xCC\x81",
                                              "\xEF\xBF\xBD\xE2\x80\xAE",
                                              "$1 %s ; DROP TABLE x; --",
                                              "\x7F\x01\x1F"};
  if (nul && chance(3)) return std::string("before\0after", 12);
  if (chance(3)) return repeated("\xC3\xA9", between(1990, 2010)) + "end";
  if (chance(2)) return repeated("x", between(1998, 2002));
  return pick(words);
}

}  // namespace calsync::contract
