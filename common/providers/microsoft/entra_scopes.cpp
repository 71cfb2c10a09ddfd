// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/entra_scopes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace calsync::microsoft {
namespace {

/// Each pair: a scope, and one that allows every call the former does; not transitive, so every pair is written out.
struct Covers {
  std::string_view scope;
  std::string_view broader;
};
constexpr std::array coverage{
    Covers{"calendars.readbasic", "calendars.read"},
    Covers{"calendars.readbasic", "calendars.readwrite"},
    Covers{"calendars.readbasic", "calendars.read.shared"},
    Covers{"calendars.readbasic", "calendars.readwrite.shared"},
    Covers{"calendars.read", "calendars.readwrite"},
    Covers{"calendars.read", "calendars.read.shared"},
    Covers{"calendars.read", "calendars.readwrite.shared"},
    Covers{"calendars.read.shared", "calendars.readwrite.shared"},
    Covers{"calendars.readwrite", "calendars.readwrite.shared"},
    Covers{"mailboxsettings.read", "mailboxsettings.readwrite"},
};

std::string short_name(std::string_view scope) {
  std::string name(scope.substr(scope.rfind('/') + 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// Not compared: sign-in, and whatever the registration asks for.
bool is_sign_in(std::string_view name) {
  return name == "openid" || name == "profile" || name == "email" || name == "offline_access" || name == "user.read" ||
         name == ".default";
}

}  // namespace

std::set<std::string> missing_scopes(const std::vector<std::string>& wanted, const std::set<std::string>& granted) {
  std::set<std::string> names;
  for (const std::string& scope : granted) names.insert(short_name(scope));
  std::set<std::string> missing;
  for (const std::string& scope : wanted) {
    const std::string name = short_name(scope);
    const bool allowed = names.contains(name) || std::any_of(coverage.begin(), coverage.end(), [&](const Covers& one) {
                           return one.scope == name && names.contains(std::string(one.broader));
                         });
    if (!allowed && !is_sign_in(name)) missing.insert(scope);
  }
  return missing;
}

}  // namespace calsync::microsoft
