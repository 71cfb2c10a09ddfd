// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "common/sync/gate.hpp"

namespace calsync::api {

// What this daemon remembers its gate by, and which flags it makes up for when they come back: pushes are refused while
// one of them is off.
inline constexpr const char* gate_component = "api-server";
inline const std::set<sync::Flag> watched_flags{sync::Flag::webhook, sync::Flag::sync};

}  // namespace calsync::api
