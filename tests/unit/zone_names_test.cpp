// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/zone_names.hpp"

#include <catch2/catch.hpp>

#include "common/calendar/timezone.hpp"

namespace calsync::calendar {
namespace {

using Row = std::pair<const char*, const char*>;

TEST_CASE("what calendars call their zones", "[zones][names]") {
  const auto row = GENERATE(values<Row>({
      // IANA, in every dress.
      {"Europe/Berlin", "Europe/Berlin"},
      {"europe/berlin", "Europe/Berlin"},
      {"\"Europe/Berlin\"", "Europe/Berlin"},
      {" Europe/Berlin\t", "Europe/Berlin"},
      {"America/New York", "America/New_York"},
      {"Europe_London", "Europe/London"},
      {"US-Eastern", "US/Eastern"},
      {"America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
      {"UTC", "UTC"},
      {"/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"},
      {"/citadel.org/20210210_1/America/New_York", "America/New_York"},
      {"/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
      {"/softwarestudio.org/Olson_20011030_5/America/Chicago", "America/Chicago"},
      {"posix/Europe/Vaduz", "Europe/Vaduz"},
      {"tzone://Microsoft/Utc", "UTC"},
      // Windows keys.
      {"W. Europe Standard Time", "Europe/Berlin"},
      {"Romance Standard Time", "Europe/Paris"},
      {"GMT Standard Time", "Europe/London"},
      {"Eastern Standard Time", "America/New_York"},
      {"Pacific Daylight Time", "America/Los_Angeles"},
      {"India Standard Time", "Asia/Calcutta"},
      {"Tokyo Standard Time", "Asia/Tokyo"},
      {"Mexico Standard Time", "America/Mexico_City"},
      {"Kamchatka Standard Time", "Asia/Kamchatka"},
      // What Outlook shows.
      {"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"},
      {"(GMT -05.00) Eastern Time (US & Canada)", "America/New_York"},
      {"(UTC-08:00) Pacific Time (US & Canada)", "America/Los_Angeles"},
      {"(UTC) Coordinated Universal Time", "UTC"},
      {"Eastern Time (US & Canada)", "America/New_York"},
      // Cities and abbreviations.
      {"Lisbon", "Europe/Lisbon"},
      {"PST", "America/Los_Angeles"},
      {"CEST", "CET"},
      {"Z", "UTC"},
  }));
  CAPTURE(row.first);
  CHECK(resolve_zone_name(row.first) == row.second);
}

TEST_CASE("names that nobody can tell", "[zones][names]") {
  for (const char* name : {"", " ", "\"\"", "/", "//", "Mars/Olympus", "Customized Time Zone",
                           "tzone://Microsoft/Custom", "Time Zone 1", "../../../etc/passwd", "localtime", "Factory",
                           "Europe", "(UTC+09:00) Nowhere", "(UTC-05:00) Berlin", "\xff\xfe"}) {
    CAPTURE(name);
    CHECK(resolve_zone_name(name).empty());
  }
  CHECK(resolve_zone_name(std::string(100000, 'A')).empty());
  CHECK(resolve_zone_name(std::string(250, '/')).empty());
}

TEST_CASE("constant offsets in whole hours", "[zones][names]") {
  const Row rows[] = {{"GMT+0200", "Etc/GMT-2"},    {"UTC-5", "Etc/GMT+5"},
                      {"utc+01:00", "Etc/GMT-1"},   {"(UTC+02:00) Somewhere", "Etc/GMT-2"},
                      {"(GMT-03.00)", "Etc/GMT+3"}, {"UTC+14", "Etc/GMT-14"},
                      {"UTC-12", "Etc/GMT+12"},     {"GMT+0", "UTC"},
                      {"UTC-00:00", "UTC"}};
  for (const auto& [name, zone] : rows) {
    CAPTURE(name);
    CHECK(fixed_offset_zone(name) == zone);
  }
  for (const char* name : {"", "UTC", "GMT", "EST+5", "UTC+5:30", "UTC+15", "UTC-13", "UTC+2x", "UTC+", "UTC+12345",
                           "Europe/Berlin", "+02:00"}) {
    CAPTURE(name);
    CHECK(fixed_offset_zone(name).empty());
  }
}

TEST_CASE("an IANA name is spelled as IANA spells it", "[zones][names]") {
  const Row rows[] = {{"Europe/Paris", "Europe/Paris"},
                      {"EUROPE/PARIS", "Europe/Paris"},
                      {"america/port-au-prince", "America/Port-au-Prince"},
                      {"etc/gmt+5", "Etc/GMT+5"},
                      {"utc", "UTC"},
                      // Files and folders that are no zones.
                      {"", ""},
                      {"Europe", ""},
                      {"Europe/", ""},
                      {"Europe//Paris", ""},
                      {"/Europe/Paris", ""},
                      {"./Europe/Paris", ""},
                      {"Europe/../Europe/Paris", ""},
                      {"posix/Europe/Paris", ""},
                      {"right/Europe/Paris", ""},
                      {"posixrules", ""},
                      {"localtime", ""},
                      {"zone.tab", ""},
                      {"PDT", ""}};
  for (const auto& [name, zone] : rows) {
    CAPTURE(name);
    CHECK(iana_zone(name) == zone);
  }
}

TEST_CASE("Windows keys are taken to the letter", "[zones][names]") {
  CHECK(windows_zone("W. Europe Standard Time") == "Europe/Berlin");
  CHECK(windows_zone("UTC") == "Etc/UTC");
  CHECK(windows_zone("Mid-Atlantic Standard Time") == "Etc/GMT+2");
  CHECK(windows_zone("").empty());
  CHECK(windows_zone("w. europe standard time").empty());
  CHECK(windows_zone("Mars Standard Time").empty());
}

}  // namespace
}  // namespace calsync::calendar
