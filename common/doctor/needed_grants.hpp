// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/doctor/settings_checks.hpp"

namespace calsync::doctor {

/// What a daemon's role needs to do on these tables, as sql/roles.sql gives it.
struct Need {
  std::string_view privileges;  ///< "SELECT INSERT …"
  std::string_view tables;
};
std::span<const Need> needs_of(Daemon daemon);

/// [{"name", "privilege"}, …]
std::string needed_grants_json(Daemon daemon);

}  // namespace calsync::doctor
