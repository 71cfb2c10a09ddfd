// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_scopes.hpp"

#include <catch2/catch.hpp>

#include "common/providers/google/google_options.hpp"

namespace calsync::google {
namespace {

std::string full(const std::string& name) { return "https://www.googleapis.com/auth/" + name; }

std::set<std::string> missing(const std::vector<std::string>& wanted, const std::vector<std::string>& granted) {
  std::vector<std::string> asked;
  std::set<std::string> given;
  for (const std::string& name : wanted) asked.push_back(full(name));
  for (const std::string& name : granted) given.insert(full(name));
  return missing_scopes(asked, given);
}

TEST_CASE("the default scopes against what people tick", "[google][scopes]") {
  struct Row {
    std::vector<std::string> granted, lacking;
  };
  const auto row = GENERATE(values<Row>({
      {{"calendar.events", "calendar.calendarlist.readonly"}, {}},
      {{"calendar.events", "calendar.calendarlist.readonly", "userinfo.email"}, {}},
      {{"calendar"}, {}},
      {{"calendar.events", "calendar.readonly"}, {}},
      {{"calendar.events", "calendar.calendarlist"}, {}},
      {{"calendar.events"}, {"calendar.calendarlist.readonly"}},
      {{"calendar.calendarlist.readonly"}, {"calendar.events"}},
      {{"calendar.readonly"}, {"calendar.events"}},
      {{"calendar.events.readonly", "calendar.calendarlist.readonly"}, {"calendar.events"}},
      {{"calendar.events.owned", "calendar.calendarlist.readonly"}, {"calendar.events"}},
      {{"userinfo.email"}, {"calendar.calendarlist.readonly", "calendar.events"}},
      {{}, {"calendar.calendarlist.readonly", "calendar.events"}},
  }));
  CAPTURE(row.granted);
  std::set<std::string> granted{"openid"};
  for (const std::string& name : row.granted) granted.insert(full(name));
  std::set<std::string> expected;
  for (const std::string& name : row.lacking) expected.insert(full(name));
  CHECK(missing_scopes(default_scopes(), granted) == expected);
}

TEST_CASE("which broader scope stands in for a narrower one", "[google][scopes]") {
  struct Row {
    std::string wanted;
    std::vector<std::string> enough, not_enough;
  };
  const auto row = GENERATE(values<Row>({
      {"calendar", {"calendar"}, {"calendar.readonly", "calendar.events"}},
      {"calendar.readonly", {"calendar"}, {"calendar.events.readonly", "calendar.calendarlist.readonly"}},
      {"calendar.calendarlist", {"calendar"}, {"calendar.readonly", "calendar.calendarlist.readonly"}},
      {"calendar.calendarlist.readonly",
       {"calendar", "calendar.readonly", "calendar.calendarlist"},
       {"calendar.events"}},
      {"calendar.calendars.readonly", {"calendar", "calendar.readonly", "calendar.calendars"}, {"calendar.events"}},
      {"calendar.events", {"calendar"}, {"calendar.readonly", "calendar.events.owned", "calendar.app.created"}},
      {"calendar.events.readonly", {"calendar", "calendar.readonly", "calendar.events"}, {"calendar.events.owned"}},
      {"calendar.events.owned",
       {"calendar", "calendar.events"},
       {"calendar.events.readonly", "calendar.events.owned.readonly"}},
      {"calendar.events.owned.readonly",
       {"calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly", "calendar.events.owned"},
       {"calendar.freebusy"}},
      {"calendar.freebusy", {"calendar", "calendar.readonly", "calendar.events.freebusy"}, {"calendar.events"}},
      {"calendar.settings.readonly", {"calendar", "calendar.readonly"}, {"calendar.events"}},
  }));
  CAPTURE(row.wanted);
  CHECK(missing({row.wanted}, {row.wanted}).empty());
  CHECK(missing({row.wanted}, {}) == std::set<std::string>{full(row.wanted)});
  for (const std::string& granted : row.enough) {
    CAPTURE(granted);
    CHECK(missing({row.wanted}, {granted}).empty());
  }
  for (const std::string& granted : row.not_enough) {
    CAPTURE(granted);
    CHECK(missing({row.wanted}, {granted}) == std::set<std::string>{full(row.wanted)});
  }
}

TEST_CASE("sign-in scopes are never what a running connection lacks", "[google][scopes]") {
  CHECK(missing_scopes({"openid", "email", "profile", full("userinfo.email"), full("userinfo.profile")}, {}).empty());
  CHECK(missing_scopes({"https://other.test/scope"}, {full("calendar")}) ==
        std::set<std::string>{"https://other.test/scope"});
}

}  // namespace
}  // namespace calsync::google
