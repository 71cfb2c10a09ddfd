// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_text.hpp"

#include <catch2/catch.hpp>

namespace calsync::calendar {
namespace {

using Lines = std::vector<std::string>;
using namespace std::string_literals;

/// ASCII as UTF-16.
std::string utf16(std::string_view text, bool big_endian) {
  std::string wide;
  for (const char c : text) {
    if (big_endian) wide += '\0';
    wide += c;
    if (!big_endian) wide += '\0';
  }
  return wide;
}

TEST_CASE("lines are unfolded, whatever ends them", "[ical][text]") {
  struct Row {
    std::string bytes;
    Lines lines;
  };
  const auto row = GENERATE(values<Row>({
      {"", {}},
      {"\r\n\n\r", {}},
      {"A:1\r\nB:2\r\n", {"A:1", "B:2"}},
      {"A:1\nB:2", {"A:1", "B:2"}},
      {"A:1\rB:2\r", {"A:1", "B:2"}},
      {"A:1\r\nB:2\nC:3\rD:4", {"A:1", "B:2", "C:3", "D:4"}},
      {"A:1\r\n\r\nB:2", {"A:1", "B:2"}},
      {"A:one\r\n two\r\n\tthree\r\n", {"A:onetwothree"}},
      {"A:one\n  two", {"A:one two"}},
      {"A:one\n \n two", {"A:onetwo"}},
      {"A:\xc3\r\n \xa9", {"A:\xc3\xa9"}},
      {" A:1\r\nB:2", {" A:1", "B:2"}},
  }));
  CAPTURE(row.bytes);
  CHECK(unfold(row.bytes) == row.lines);
}

TEST_CASE("long chains of folds are one line", "[ical][text]") {
  std::string bytes = "A:";
  for (int i = 0; i < 20000; ++i) bytes += "\r\n x";
  const Lines lines = unfold(bytes);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].size() == 20002);
}

TEST_CASE("a file may be in UTF-16 or begin with a byte order mark", "[ical][text]") {
  const std::string plain = "BEGIN:VCALENDAR\r\nX:a\r\n b\r\n";
  const Lines expected{"BEGIN:VCALENDAR", "X:ab"};
  CHECK(unfold("\xef\xbb\xbf" + plain) == expected);
  CHECK(unfold(utf16(plain, false)) == expected);
  CHECK(unfold(utf16(plain, true)) == expected);
  CHECK(unfold("\xff\xfe" + utf16(plain, false)) == expected);
  CHECK(unfold("\xfe\xff" + utf16(plain, true)) == expected);
  // Cut in the middle of a character.
  CHECK(unfold("\xff\xfe" + utf16("A:1", false) + "x") == Lines{"A:1"});
  // é, and a pair of surrogates, then half a pair.
  CHECK(unfold("\xff\xfe"s + utf16("A:", false) + "\xe9\0\x3d\xd8\x00\xde"s) == Lines{"A:\xc3\xa9\xf0\x9f\x98\x80"});
  CHECK(unfold("\xff\xfe"s + utf16("A:", false) + "\x3d\xd8"s) == Lines{"A:\xef\xbf\xbd"});
}

TEST_CASE("a line that is not UTF-8 is read as Windows-1252, and no other line with it", "[ical][text]") {
  struct Row {
    std::string line, expected;
  };
  const auto row = GENERATE(values<Row>({
      {"A:caf\xe9", "A:caf\xc3\xa9"},
      {"A:\x80 5", "A:\xe2\x82\xac 5"},
      {"A:\x93x\x94", "A:\xe2\x80\x9cx\xe2\x80\x9d"},
      {"A:\xc3\xa9\xe9", "A:\xc3\x83\xc2\xa9\xc3\xa9"},
      // Overlong, a surrogate, beyond Unicode, cut: none of them is UTF-8.
      {"A:\xc0\xaf", "A:\xc3\x80\xc2\xaf"},
      {"A:\xed\xa0\x80", "A:\xc3\xad\xc2\xa0\xe2\x82\xac"},
      {"A:\xf4\x90\x80\x80", "A:\xc3\xb4\xc2\x90\xe2\x82\xac\xe2\x82\xac"},
      {"A:\xe2\x82", "A:\xc3\xa2\xe2\x80\x9a"},
  }));
  CAPTURE(row.line);
  const Lines lines = unfold("B:\xc3\xa9\r\n" + row.line + "\r\nC:\xc3\xa9\r\n");
  CHECK(lines == Lines{"B:\xc3\xa9", row.expected, "C:\xc3\xa9"});
}

TEST_CASE("control characters do not come through, TAB does", "[ical][text]") {
  std::string bytes = "A:";
  for (char c = 1; c < 0x20; ++c) {
    if (c != '\n' && c != '\r') bytes += c;
  }
  CHECK(unfold(bytes + "x\x7f"s + "\0y"s) == Lines{"A:\txy"});
}

TEST_CASE("whatever the bytes, the lines are UTF-8", "[ical][text]") {
  int garbled = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string bytes = "A:";
      bytes += static_cast<char>(a);
      bytes += static_cast<char>(b);
      for (const std::string& line : unfold(bytes)) {
        if (!is_utf8(line)) ++garbled;
      }
      for (const std::string& line : unfold(bytes.substr(2))) {
        if (!is_utf8(line)) ++garbled;
      }
    }
  }
  CHECK(garbled == 0);
}

TEST_CASE("what is UTF-8", "[ical][text]") {
  for (const char* good : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(is_utf8(good));
  }
  CHECK(is_utf8("\0"s));
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xff", "a\xe9z"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("TEXT values lose their backslashes", "[ical][text]") {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"plain", "plain"},
                                                      {"a\\nb\\Nc", "a\nb\nc"},
                                                      {"a\\, b\\; c", "a, b; c"},
                                                      {"C:\\\\dir", "C:\\dir"},
                                                      {"\\\\n", "\\n"},
                                                      {"10\\:30", "10:30"},
                                                      {"\\\"q\\\"", "\"q\""},
                                                      {"\\x", "\\x"},
                                                      {"end\\", "end\\"},
                                                      {"\\\\", "\\"},
                                                      {"a, b; c", "a, b; c"}};
  for (const auto& [value, text] : rows) {
    CAPTURE(value);
    CHECK(unescape_text(value) == text);
  }
}

TEST_CASE("blanks and capitals", "[ical][text]") {
  CHECK(trim_blanks(" \t a b \t") == "a b");
  CHECK(trim_blanks(" \t") == "");
  CHECK(trim_blanks("\na") == "\na");
  CHECK(upper_case("dtstart-1_\xc3\xa9") == "DTSTART-1_\xc3\xa9");
}

}  // namespace
}  // namespace calsync::calendar
