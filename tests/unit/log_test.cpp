// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <type_traits>
#include <utility>

#include "common/base/json.hpp"
#include "common/base/secret.hpp"

namespace calsync {
namespace {

class StillClock final : public Clock {
 public:
  Time now() const override { return std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + std::chrono::hours(9); }
  Duration monotonic() const override { return Duration(0); }
};

struct Fixture {
  StillClock clock;
  std::string written;
  Log log(Level threshold = Level::debug) {
    return Log(clock, threshold, [this](std::string_view line) { written += line; });
  }
};

template <class Text>
concept Loggable = requires(const Log& log, const Text& text) { log.info(text); };
template <class Text>
concept Field = requires(LogFields fields, const Text& text) { fields.error_code = text; };
template <class Text>
concept Metadata = std::is_constructible_v<std::pair<std::string, std::string>, const char*, const Text&>;

TEST_CASE("a secret cannot be logged at all", "[log]") {
  STATIC_REQUIRE(Loggable<std::string>);
  STATIC_REQUIRE(Field<std::string>);
  STATIC_REQUIRE(Metadata<std::string>);
  STATIC_REQUIRE_FALSE(Loggable<Secret>);
  STATIC_REQUIRE_FALSE(Field<Secret>);
  STATIC_REQUIRE_FALSE(Metadata<Secret>);
}

TEST_CASE("a line has what is known and nothing else", "[log]") {
  Fixture f;
  f.log().info("done");
  CHECK(f.written ==
        "{\"timestamp\":\"2026-03-02T09:00:00Z\",\"level\":\"info\",\"category\":\"calendar_sync\",\"message\":"
        "\"done\"}\n");
  f.written.clear();
  LogFields fields;
  fields.sync_id = "s";
  fields.provider_id = "p";
  fields.connection_id = "c";
  fields.provider = "ics";
  fields.duration_ms = 0;
  fields.error_code = "timeout";
  fields.metadata = {{"page", "2"}, {"kind", "full"}};
  f.log().error("failed", fields);
  const auto line = json::parse(f.written);
  REQUIRE(line.has_value());
  CHECK(json::text_at(*line, "level") == "error");
  CHECK(json::text_at(*line, "sync_id") == "s");
  CHECK(json::text_at(*line, "provider_id") == "p");
  CHECK(json::text_at(*line, "connection_id") == "c");
  CHECK(json::text_at(*line, "provider") == "ics");
  CHECK(json::int_at(*line, "duration_ms") == 0);
  CHECK(json::text_at(*line, "error_code") == "timeout");
  const json::Value* metadata = json::object_at(*line, "metadata");
  REQUIRE(metadata);
  CHECK(json::text_at(*metadata, "page") == "2");
}

TEST_CASE("whatever a message holds, it is one line that can be read back", "[log]") {
  Fixture f;
  std::string nasty;
  for (char c = 0; c < 0x20; ++c) nasty += c;
  nasty += "\"\\\x7f/ \xc3\xa9 {\"level\":\"error\"}";
  LogFields fields;
  fields.error_code = nasty;
  fields.metadata = {{nasty, nasty}};
  f.log().warn(nasty, fields);
  REQUIRE_FALSE(f.written.empty());
  CHECK(f.written.back() == '\n');
  const std::string line = f.written.substr(0, f.written.size() - 1);
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20) FAIL("a control character in the line");
  }
  const auto parsed = json::parse(line);
  REQUIRE(parsed.has_value());
  CHECK(json::text_at(*parsed, "message") == nasty);
  CHECK(json::text_at(*parsed, "error_code") == nasty);
  CHECK(json::text_at(*parsed, "level") == "warn");
}

TEST_CASE("bytes that are not UTF-8 do not spoil the line", "[log]") {
  Fixture f;
  LogFields fields;
  fields.provider = "caf\xe9";
  fields.metadata = {{"\xff", "\xc3"}};
  f.log().warn("a\xff\xc0z", fields);
  const auto parsed = json::parse(f.written);
  REQUIRE(parsed.has_value());
  CHECK(json::text_at(*parsed, "message") == "a\xef\xbf\xbd\xef\xbf\xbdz");
  CHECK(json::text_at(*parsed, "provider") == "caf\xef\xbf\xbd");
}

TEST_CASE("levels below the threshold are silent", "[log]") {
  const Level levels[] = {Level::debug, Level::info, Level::warn, Level::error};
  for (std::size_t threshold = 0; threshold < 4; ++threshold) {
    Fixture f;
    const Log log = f.log(levels[threshold]);
    log.debug("x");
    log.info("x");
    log.warn("x");
    log.error("x");
    CHECK(std::count(f.written.begin(), f.written.end(), '\n') == static_cast<std::ptrdiff_t>(4 - threshold));
  }
}

TEST_CASE("names of levels", "[log]") {
  CHECK(parse_level("debug") == Level::debug);
  CHECK(parse_level("info") == Level::info);
  CHECK(parse_level("warn") == Level::warn);
  CHECK(parse_level("error") == Level::error);
  for (const char* wrong : {"", "INFO", "warning", " info", "trace"}) CHECK_FALSE(parse_level(wrong));
}

}  // namespace
}  // namespace calsync
