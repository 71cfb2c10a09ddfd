// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

namespace calsync::google {

/// The calendar scopes of `wanted` whose calls nothing in `granted` allows: a broader scope does as well. Sign-in
/// scopes (openid, email, profile) are not counted: they matter only while connecting, and Google writes them in two
/// ways.
std::set<std::string> missing_scopes(const std::vector<std::string>& wanted, const std::set<std::string>& granted);

}  // namespace calsync::google
