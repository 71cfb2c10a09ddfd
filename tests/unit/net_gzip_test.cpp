// SPDX-License-Identifier: Apache-2.0
#include "common/net/gzip.hpp"

#include <catch2/catch.hpp>

#include "common/base/crypto.hpp"
#include "gzip_bytes.hpp"
#include "print_result.hpp"

namespace calsync::net {
namespace {

using calsync::testing::gzip_header;
using calsync::testing::gzip_stored;
using calsync::testing::gzip_trailer;
using calsync::testing::gzip_zeros;

constexpr std::size_t limit = 1 << 20;

/// gzip_header() with other flags, followed by `fields`.
std::string flagged(char flags, const std::string& fields) {
  std::string header = gzip_header();
  header[3] = flags;
  return header + fields;
}

TEST_CASE("gzip content is restored", "[net][gzip]") {
  CHECK(gunzip(gzip_stored("hello"), limit).value() == "hello");
  CHECK(gunzip(gzip_stored(""), limit).value().empty());
  CHECK(gunzip(gzip_zeros(1), limit).value() == std::string(1, '\0'));
  CHECK(gunzip(gzip_zeros(1 + 258 * 1000), limit).value() == std::string(1 + 258 * 1000, '\0'));
  CHECK(gunzip(gzip_stored("one ") + gzip_zeros(259) + gzip_stored("two"), limit).value() ==
        "one " + std::string(259, '\0') + "two");
}

TEST_CASE("what gzip(1) wrote is restored", "[net][gzip]") {
  // printf 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n' | gzip -9n | base64
  const auto bytes = decode_base64("H4sIAAAAAAACA3Nydff0swpzdvRx9XNxDOLlcoIIuIa5+oXwcgEFUdkIhQBDRnqYOgAAAA==");
  REQUIRE(bytes);
  const auto content = gunzip(*bytes, limit);
  REQUIRE(content);
  CHECK(*content == "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

TEST_CASE("optional header fields are read over", "[net][gzip]") {
  const std::string rest = gzip_stored("body").substr(10);
  CHECK(gunzip(flagged(1, "") + rest, limit).value() == "body");
  CHECK(gunzip(flagged(2, "zz") + rest, limit).value() == "body");
  CHECK(gunzip(flagged(4, std::string("\x03\0abc", 5)) + rest, limit).value() == "body");
  CHECK(gunzip(flagged(8, std::string("feed.ics\0", 9)) + rest, limit).value() == "body");
  CHECK(gunzip(flagged(16, std::string("a comment\0", 10)) + rest, limit).value() == "body");
  CHECK(gunzip(flagged(31, std::string("\x01\0x"
                                       "n\0"
                                       "c\0"
                                       "zz",
                                       9)) +
                   rest,
               limit)
            .value() == "body");
}

TEST_CASE("what is not whole gzip is malformed", "[net][gzip]") {
  const std::string good = gzip_stored("hello");
  std::vector<std::string> bad{"",
                               "hello",
                               std::string(good).replace(2, 1, "\x07"),
                               flagged(32, good.substr(10)),
                               flagged(4, "\xff\xff"),
                               flagged(8, "endless name"),
                               good + "x",
                               good + std::string(1, '\0'),
                               good + good.substr(0, 12),
                               gzip_header() + '\x07' + gzip_trailer("")};
  for (std::size_t size = 0; size < good.size(); ++size) bad.push_back(good.substr(0, size));
  for (std::size_t i = good.size() - 13; i < good.size(); ++i) {
    bad.push_back(good);
    bad.back()[i] = static_cast<char>(bad.back()[i] ^ 0x10);
  }
  for (const std::string& bytes : bad) {
    INFO(to_hex(bytes));
    const auto content = gunzip(bytes, limit);
    REQUIRE_FALSE(content);
    CHECK(content.error().failure == Failure::malformed);
  }
}

TEST_CASE("the limit holds for one member and for many", "[net][gzip]") {
  const std::string zeros = gzip_zeros(1 + 258 * 10);
  CHECK(gunzip(zeros, 2581).has_value());
  CHECK_FALSE(gunzip(zeros, 2580).has_value());
  CHECK(gunzip(zeros + zeros, 5162).has_value());
  CHECK_FALSE(gunzip(zeros + zeros, 5161).has_value());
  CHECK_FALSE(gunzip(gzip_stored("a"), 0).has_value());
  CHECK(gunzip(gzip_stored(""), 0).has_value());
}

TEST_CASE("a body of countless members is refused", "[net][gzip]") {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += gzip_stored("");
  CHECK(gunzip(many, limit).has_value());
  CHECK_FALSE(gunzip(many + gzip_stored(""), limit).has_value());
}

TEST_CASE("altered bytes never give other content", "[net][gzip]") {
  const std::string good = gzip_zeros(1 + 258 * 3);
  const std::string content = gunzip(good, limit).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = good;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      const auto result = gunzip(altered, limit);
      CHECK((!result || *result == content));
    }
  }
}

}  // namespace
}  // namespace calsync::net
