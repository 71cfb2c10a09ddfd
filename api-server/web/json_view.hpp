// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api-server/web/html.hpp"

namespace calsync::api::web {

/// What an action changed: the members of two JSON objects, side by side. Nothing where nothing changed.
Html changes_view(const std::string& before, const std::string& after);
/// The members of an object, in a line: "window 10, connection_id …".
Html members_view(const std::string& object);

}  // namespace calsync::api::web
