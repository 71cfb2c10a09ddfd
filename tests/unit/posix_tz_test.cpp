// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/posix_tz.hpp"

#include <catch2/catch.hpp>

#include "common/base/time.hpp"

namespace calsync::calendar {
namespace {

struct Row {
  const char* rule;
  const char* instant;
  std::chrono::seconds offset;
};

TEST_CASE("the rule after the last transition", "[zones][posix]") {
  using namespace std::chrono_literals;
  const auto row = GENERATE(values<Row>({
      {"UTC0", "2060-07-01T00:00:00Z", 0s},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2060-03-28T00:59:59Z", 1h},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2060-03-28T01:00:00Z", 2h},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2060-10-31T00:59:59Z", 2h},
      {"CET-1CEST,M3.5.0,M10.5.0/3", "2060-10-31T01:00:00Z", 1h},
      {"EST5EDT,M3.2.0,M11.1.0", "2060-03-14T06:59:59Z", -5h},
      {"EST5EDT,M3.2.0,M11.1.0", "2060-03-14T07:00:00Z", -4h},
      {"EST5EDT,M3.2.0,M11.1.0", "2060-11-07T05:59:59Z", -4h},
      {"EST5EDT,M3.2.0,M11.1.0", "2060-11-07T06:00:00Z", -5h},
      {"<+0330>-3:30", "2060-07-01T00:00:00Z", 3h + 30min},
      {"<-0330>+3:30:15", "2060-07-01T00:00:00Z", -(3h + 30min + 15s)},
      // The south, over the turn of the year.
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2060-01-01T00:00:00Z", 11h},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2060-12-31T23:59:59Z", 11h},
      {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2060-07-01T00:00:00Z", 10h},
      // Summer time that is less, hours beyond a day, hours before one, half an hour.
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2060-07-01T00:00:00Z", 1h},
      {"IST-1GMT0,M10.5.0,M3.5.0/1", "2060-01-01T00:00:00Z", 0s},
      {"IST-2IDT,M3.4.4/26,M10.5.0", "2060-03-25T23:59:59Z", 2h},
      {"IST-2IDT,M3.4.4/26,M10.5.0", "2060-03-26T00:00:00Z", 3h},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2060-03-28T00:59:59Z", -2h},
      {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2060-03-28T01:00:00Z", -1h},
      {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2060-01-01T00:00:00Z", 11h},
      // Days of the year, with 29 February and without.
      {"AAA0BBB,J60/0,J300/0", "2060-02-29T12:00:00Z", 0s},
      {"AAA0BBB,J60/0,J300/0", "2060-03-01T00:00:00Z", 1h},
      {"AAA0BBB,59/0,300/0", "2060-02-29T00:00:00Z", 1h},
      {"AAA0BBB,59/0,300/0", "2061-03-01T00:00:00Z", 1h},
      {"AAA0BBB,59/0,300/0", "2061-02-28T23:59:59Z", 0s},
      // All the year.
      {"XXX3EDT4,0/0,J365/23", "2060-01-01T12:00:00Z", -4h},
      {"EST5EDT,0/0,J365/25", "2060-07-01T00:00:00Z", -4h},
      {"EST5EDT,0/0,J365/25", "2061-01-01T04:30:00Z", -4h},
  }));
  CAPTURE(row.rule, row.instant);
  const auto rule = PosixTz::parse(row.rule);
  REQUIRE(rule);
  const Time instant = parse_rfc3339(row.instant).value();
  CHECK(rule->offset_at(std::chrono::floor<std::chrono::seconds>(instant)) == row.offset);
}

TEST_CASE("what is no rule", "[zones][posix]") {
  for (const char* text : {"",
                           "CET",
                           "CE-1",
                           "-1",
                           "CET-",
                           "CET-1CEST",
                           "CET-1CEST,M3.5.0",
                           "CET-1CEST,M3.5.0,",
                           "CET-1CEST,M13.5.0,M10.5.0",
                           "CET-1CEST,M0.5.0,M10.5.0",
                           "CET-1CEST,M3.6.0,M10.5.0",
                           "CET-1CEST,M3.0.0,M10.5.0",
                           "CET-1CEST,M3.5.7,M10.5.0",
                           "CET-1CEST,J0,J300",
                           "CET-1CEST,J366,J300",
                           "CET-1CEST,366,300",
                           "CET-1CEST,M3.5.0/168,M10.5.0",
                           "CET-1CEST,M3.5.0/2:60,M10.5.0",
                           "CET-1CEST,M3.5.0,M10.5.0/3x",
                           "CET-168",
                           "<+03-3",
                           "CET-1:99",
                           "CET-1 CEST,M3.5.0,M10.5.0",
                           "CET-99999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(PosixTz::parse(text));
  }
}

}  // namespace
}  // namespace calsync::calendar
