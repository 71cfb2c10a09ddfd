// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common/calendar/content_line.hpp"

namespace calsync::calendar {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("a content line comes apart into name, parameters and value", "[ical][content_line]") {
  struct Row {
    std::string text, name;
    Parameters parameters;
    std::string value;
  };
  const auto row = GENERATE(values<Row>({
      {"SUMMARY:Tea", "SUMMARY", {}, "Tea"},
      {"summary:Tea", "SUMMARY", {}, "Tea"},
      {"SUMMARY:", "SUMMARY", {}, ""},
      {" X-Thing.a_b : v", "X-THING.A_B", {}, " v"},
      {"URL:https://a.test/?b;c:d", "URL", {}, "https://a.test/?b;c:d"},
      {"DTSTART;TZID=Europe/Paris:1", "DTSTART", {{"TZID", "Europe/Paris"}}, "1"},
      {"DTSTART;tzid=A;value=DATE:1", "DTSTART", {{"TZID", "A"}, {"VALUE", "DATE"}}, "1"},
      {"A;TZID=\"(UTC+01:00) Paris; Rome\":1", "A", {{"TZID", "(UTC+01:00) Paris; Rome"}}, "1"},
      {"A;M=\"x\",\"y\",z:1", "A", {{"M", "x,y,z"}}, "1"},
      {"A; CN = Ann :1", "A", {{"CN", " Ann "}}, "1"},
      {"A;CN=Ann^nLee^'^^^x:1", "A", {{"CN", "Ann\nLee\"^^x"}}, "1"},
      {"A;CN=\"it^'s\":1", "A", {{"CN", "it\"s"}}, "1"},
      {"A;FLAG:1", "A", {{"FLAG", ""}}, "1"},
      {"A;=x:1", "A", {}, "1"},
      {"A;;B=2:1", "A", {{"B", "2"}}, "1"},
      {"A;B=c=d:1", "A", {{"B", "c=d"}}, "1"},
      // A quote that never ends is an ordinary character.
      {"A;CN=5\" disk:1", "A", {{"CN", "5 disk"}}, "1"},
      {"A:say \"hi", "A", {}, "say \"hi"},
  }));
  CAPTURE(row.text);
  const auto line = parse_content_line(row.text);
  REQUIRE(line);
  CHECK(line->text == row.text);
  CHECK(line->name == row.name);
  CHECK(line->parameters == row.parameters);
  CHECK(line->value() == row.value);
}

TEST_CASE("what is no content line", "[ical][content_line]") {
  for (const char* text :
       {"", ":", ":x", ";A=1:x", "no colon", "SUMMARY", "A;B=1", "A;B=\"x:1\"", "two words:x", "\xc3\xa9:x", "A/B:x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_content_line(text));
  }
}

TEST_CASE("a parameter is found by its name in capitals; the first counts", "[ical][content_line]") {
  const auto line = parse_content_line("ATTENDEE;Cn=Ann;cn=Bob;ROLE=:mailto:a@b.test");
  REQUIRE(line);
  CHECK(line->parameter("CN") == "Ann");
  CHECK(line->parameter("ROLE").empty());
  CHECK(line->parameter("EMAIL").empty());
  CHECK(line->value() == "mailto:a@b.test");
}

TEST_CASE("a line keeps its value when it moves", "[ical][content_line]") {
  auto line = parse_content_line("A;B=1:x");
  REQUIRE(line);
  const ContentLine moved = *std::move(line);
  const ContentLine copy = moved;
  CHECK(moved.value() == "x");
  CHECK(copy.value() == "x");
}

}  // namespace
}  // namespace calsync::calendar
