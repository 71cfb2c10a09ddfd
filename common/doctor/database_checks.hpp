// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/async/clock.hpp"
#include "common/base/crypto.hpp"
#include "common/db/connection.hpp"
#include "common/doctor/settings_checks.hpp"

namespace calsync::doctor {

/// What a look at the database finds.
struct DatabaseReport {
  Findings findings{};
  std::optional<Duration> clock_ahead{};  ///< this machine's, of the database's
};

/// Reaches the database, or says why not; then its version, schema, role and keys. Changes nothing.
Task<DatabaseReport> check_database(asio::any_io_executor executor, AsyncClock& clock, Secret uri, const KeyRing& keys,
                                    Daemon daemon);

}  // namespace calsync::doctor
