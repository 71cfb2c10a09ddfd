// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/sync/state.hpp"

namespace calsync::store {

/// Connections that share a state and what brought them there.
struct Cause {
  std::string code{};  ///< of last_error, "" = no error
  sync::ConnectionState state = sync::ConnectionState::active;
  sync::ErrorOwner owner = sync::ErrorOwner::none;
  std::int64_t connections = 0;
};
/// Those that are not as they should be before the others, then the largest first.
Task<std::vector<Cause>> read_causes(db::Pool& pool, Time now);

/// Enabled connections by the age of their mirror; each band begins where the one before ends.
struct AgeBand {
  std::string label{};
  std::int64_t connections = 0;
};
Task<std::vector<AgeBand>> read_ages(db::Pool& pool);

struct HourOfRuns {
  Time hour{};
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::map<std::string, std::int64_t> failures{};  ///< by error code
};
/// 24 hours, the present one last.
Task<std::vector<HourOfRuns>> read_run_hours(db::Pool& pool);

}  // namespace calsync::store
