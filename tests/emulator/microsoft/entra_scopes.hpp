// SPDX-License-Identifier: Apache-2.0
// Delegated permissions as they are asked for and named ("Scopes and permissions in the Microsoft identity platform").
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace calsync::emulator::microsoft {

struct AskedScopes {
  std::vector<std::string> names;                  // short names in their usual spelling, in the order of the request
  std::string unknown;                             // the first that nobody knows
  bool long_form = false;                          // named with their resource
  bool two_resources = false, everything = false;  // `.default`
  bool has(std::string_view name) const;
};

AskedScopes read_scopes(std::string_view spaced);
bool sign_in_scope(std::string_view name);  // openid, profile, email, offline_access
// As the `scope` of a token answer; offline_access is not echoed.
std::string scope_echo(const std::set<std::string>& granted, const AskedScopes& asked, std::string_view form);

}  // namespace calsync::emulator::microsoft
