// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_text.hpp"

#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace calsync::calendar {
namespace {

/// 0x80 to 0x9f of Windows-1252; the five bytes it leaves open are the C1 controls of Latin-1.
constexpr std::array<char16_t, 32> windows_1252{0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                                0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

std::string from_windows_1252(std::string_view bytes) {
  std::u16string wide;
  wide.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    wide += byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : static_cast<char16_t>(byte);
  }
  std::string text;
  icu::UnicodeString(wide.data(), static_cast<int32_t>(wide.size())).toUTF8String(text);
  return text;
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
  std::u16string wide;
  wide.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    wide += static_cast<char16_t>(big_endian ? first << 8 | second : second << 8 | first);
  }
  std::string text;
  icu::UnicodeString(wide.data(), static_cast<int32_t>(wide.size())).toUTF8String(text);
  return text;
}

/// One byte per character, as far as markup is concerned, and no byte order mark.
std::string without_wide_characters(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xfe"sv)) return from_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xfe\xff"sv)) return from_utf16(bytes.substr(2), true);
  if (bytes.starts_with("B\0E\0"sv)) return from_utf16(bytes, false);
  if (bytes.starts_with("\0B\0E"sv)) return from_utf16(bytes, true);
  if (bytes.starts_with("\xef\xbb\xbf"sv)) bytes.remove_prefix(3);
  return std::string(bytes);
}

bool is_control(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

void finish(std::string& line) {
  std::erase_if(line, [](char c) { return is_control(static_cast<unsigned char>(c)); });
  if (!is_utf8(line)) line = from_windows_1252(line);
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto length = static_cast<int64_t>(text.size());
  for (int64_t at = 0; at < length;) {
    UChar32 character = 0;
    U8_NEXT(bytes, at, length, character);
    if (character < 0) return false;
  }
  return true;
}

std::vector<std::string> unfold(std::string_view bytes) {
  const std::string text = without_wide_characters(bytes);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && !lines.empty()) {
      lines.back() += line.substr(1);
    } else {
      lines.emplace_back(line);
    }
  }
  for (std::string& line : lines) finish(line);
  return lines;
}

std::string unescape_text(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char next = value[i] == '\\' && i + 1 < value.size() ? value[i + 1] : '\0';
    if (next == 'n' || next == 'N') {
      text += '\n';
    } else if (next != '\0' && std::string_view(",;:\\\"").find(next) != std::string_view::npos) {
      text += next;
    } else {
      text += value[i];
      continue;
    }
    ++i;
  }
  return text;
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace calsync::calendar
