// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

namespace calsync::microsoft {

/// The scopes of `wanted` whose calls nothing in `granted` allows. Entra names a scope by its short name or by a URL,
/// and not the same one on each leg, so the last path segments count, in any case. Sign-in scopes matter only while
/// connecting, and offline_access is not told among those that were granted.
std::set<std::string> missing_scopes(const std::vector<std::string>& wanted, const std::set<std::string>& granted);

}  // namespace calsync::microsoft
