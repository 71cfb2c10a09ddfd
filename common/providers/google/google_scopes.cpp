// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_scopes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace calsync::google {
namespace {

constexpr std::string_view prefix = "https://www.googleapis.com/auth/";

/// Each pair: a scope, and one that allows every call the former does. From the scopes that the published definition of
/// the Calendar API lists for each method; not transitive, so every pair is written out.
struct Covers {
  std::string_view scope;
  std::string_view broader;
};
constexpr std::array coverage{
    Covers{"calendar.readonly", "calendar"},
    Covers{"calendar.calendarlist", "calendar"},
    Covers{"calendar.calendarlist.readonly", "calendar"},
    Covers{"calendar.calendarlist.readonly", "calendar.readonly"},
    Covers{"calendar.calendarlist.readonly", "calendar.calendarlist"},
    Covers{"calendar.calendars", "calendar"},
    Covers{"calendar.calendars.readonly", "calendar"},
    Covers{"calendar.calendars.readonly", "calendar.readonly"},
    Covers{"calendar.calendars.readonly", "calendar.calendars"},
    Covers{"calendar.events", "calendar"},
    Covers{"calendar.events.readonly", "calendar"},
    Covers{"calendar.events.readonly", "calendar.readonly"},
    Covers{"calendar.events.readonly", "calendar.events"},
    Covers{"calendar.events.owned", "calendar"},
    Covers{"calendar.events.owned", "calendar.events"},
    Covers{"calendar.events.owned.readonly", "calendar"},
    Covers{"calendar.events.owned.readonly", "calendar.readonly"},
    Covers{"calendar.events.owned.readonly", "calendar.events"},
    Covers{"calendar.events.owned.readonly", "calendar.events.readonly"},
    Covers{"calendar.events.owned.readonly", "calendar.events.owned"},
    Covers{"calendar.events.public.readonly", "calendar"},
    Covers{"calendar.events.public.readonly", "calendar.readonly"},
    Covers{"calendar.events.public.readonly", "calendar.events"},
    Covers{"calendar.events.public.readonly", "calendar.events.readonly"},
    Covers{"calendar.events.freebusy", "calendar"},
    Covers{"calendar.events.freebusy", "calendar.readonly"},
    Covers{"calendar.freebusy", "calendar"},
    Covers{"calendar.freebusy", "calendar.readonly"},
    Covers{"calendar.freebusy", "calendar.events.freebusy"},
    Covers{"calendar.settings.readonly", "calendar"},
    Covers{"calendar.settings.readonly", "calendar.readonly"},
    Covers{"calendar.app.created", "calendar"},
};

bool signs_in(std::string_view scope) {
  return scope == "openid" || scope == "email" || scope == "profile" ||
         scope == "https://www.googleapis.com/auth/userinfo.email" ||
         scope == "https://www.googleapis.com/auth/userinfo.profile";
}

bool is_granted(std::string_view scope, const std::set<std::string>& granted) {
  if (granted.contains(std::string(scope))) return true;
  if (!scope.starts_with(prefix)) return false;
  const std::string_view name = scope.substr(prefix.size());
  return std::any_of(coverage.begin(), coverage.end(), [&](const Covers& one) {
    return one.scope == name && granted.contains(std::string(prefix).append(one.broader));
  });
}

}  // namespace

std::set<std::string> missing_scopes(const std::vector<std::string>& wanted, const std::set<std::string>& granted) {
  std::set<std::string> missing;
  for (const std::string& scope : wanted) {
    if (!signs_in(scope) && !is_granted(scope, granted)) missing.insert(scope);
  }
  return missing;
}

}  // namespace calsync::google
