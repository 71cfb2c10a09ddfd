// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/timezone.hpp"

#include <catch2/catch.hpp>

#include "common/calendar/zone_rules.hpp"

namespace calsync::calendar {
namespace {

using namespace std::chrono_literals;

Time at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST_CASE("wall-clock times become instants, also where clocks change", "[zones]") {
  struct Row {
    const char* zone;
    const char* wall;
    const char* instant;
  };
  const auto row = GENERATE(values<Row>({
      {"UTC", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"},
      {"Europe/Paris", "2026-01-15T09:00:00Z", "2026-01-15T08:00:00Z"},
      {"Europe/Paris", "2026-07-15T09:00:00Z", "2026-07-15T07:00:00Z"},
      // Skipped: the offset from before the gap. Twice: the first.
      {"Europe/Paris", "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"},
      {"Europe/Paris", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"},
      {"Europe/Paris", "2026-03-29T02:59:59Z", "2026-03-29T01:59:59Z"},
      {"Europe/Paris", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"},
      {"Europe/Paris", "2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z"},
      {"Europe/Paris", "2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z"},
      {"Europe/Paris", "2026-10-25T02:59:59Z", "2026-10-25T00:59:59Z"},
      {"Europe/Paris", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"},
      {"America/New_York", "2026-03-08T02:30:00Z", "2026-03-08T07:30:00Z"},
      {"America/New_York", "2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z"},
      // Half an hour; the other hemisphere; summer time that is the negative kind.
      {"Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:45:00Z"},
      {"Australia/Lord_Howe", "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z"},
      {"Pacific/Auckland", "2026-01-15T12:00:00Z", "2026-01-14T23:00:00Z"},
      {"Europe/Dublin", "2026-07-15T12:00:00Z", "2026-07-15T11:00:00Z"},
      {"Asia/Kathmandu", "2026-03-02T12:00:00Z", "2026-03-02T06:15:00Z"},
      // Samoa had no 30 December 2011.
      {"Pacific/Apia", "2011-12-29T23:30:00Z", "2011-12-30T09:30:00Z"},
      {"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T22:00:00Z"},
      {"Pacific/Apia", "2011-12-31T00:00:00Z", "2011-12-30T10:00:00Z"},
      // Mexico has had no summer time since 2022, which the tables of older libraries do not know.
      {"America/Mexico_City", "2026-07-15T12:00:00Z", "2026-07-15T18:00:00Z"},
      // Beyond the last transition of the tables.
      {"Europe/Paris", "2090-07-15T09:00:00Z", "2090-07-15T07:00:00Z"},
      {"Europe/Paris", "2090-01-15T09:00:00Z", "2090-01-15T08:00:00Z"},
  }));
  CAPTURE(row.zone, row.wall);
  const auto instant = instant_of(at(row.wall), row.zone);
  REQUIRE(instant);
  CHECK(format_rfc3339(*instant) == row.instant);
}

TEST_CASE("every instant of a year has its wall time and comes back, but for hours that occur twice", "[zones]") {
  for (const char* zone :
       {"Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"}) {
    int different = 0;
    for (Time instant = at("2026-01-01T00:00:00Z"); instant < at("2027-01-01T00:00:00Z"); instant += 30min) {
      const auto wall = wall_time(instant, zone);
      REQUIRE(wall);
      const auto back = instant_of(*wall, zone);
      REQUIRE(back);
      if (*back == instant) continue;
      ++different;
      if (*back > instant || wall_time(*back, zone) != wall) FAIL(zone << " at " << format_rfc3339(instant));
    }
    CAPTURE(zone);
    CHECK(different <= 2);
  }
}

TEST_CASE("what is no zone has no offset", "[zones]") {
  const Time now = at("2026-03-02T09:00:00Z");
  for (const char* zone : {"", "europe/paris", "Mars/Olympus", "W. Europe Standard Time", "../UTC", "localtime"}) {
    CAPTURE(zone);
    CHECK_FALSE(offset_at(now, zone));
    CHECK_FALSE(instant_of(now, zone));
    CHECK_FALSE(wall_time(now, zone));
  }
  CHECK(offset_at(now, "Europe/Paris") == 1h);
}

TEST_CASE("a fraction of a second survives", "[zones]") {
  CHECK(instant_of(at("2026-03-02T09:00:00.25Z"), "Europe/Paris") == at("2026-03-02T08:00:00.25Z"));
}

TEST_CASE("bytes that are no zone file", "[zones]") {
  CHECK_FALSE(ZoneRules::parse(""));
  CHECK_FALSE(ZoneRules::parse("TZif"));
  CHECK_FALSE(ZoneRules::parse("TZif2" + std::string(39, '\0')));
  CHECK_FALSE(ZoneRules::parse("TZif2" + std::string(200, '\xff')));
  CHECK_FALSE(ZoneRules::parse(std::string(1000, 'x')));
}

}  // namespace
}  // namespace calsync::calendar
