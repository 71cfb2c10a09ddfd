// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

/// Remembers the gate that `component` runs with, and marks due what it lets in again compared with last time: while a
/// switch was off, pushes were refused (the provider does not repeat them) and wake-ups could not be served. Returns
/// how many connections were marked. Safe to run in several processes at once.
Task<int> record_gate(db::Pool& pool, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched);

}  // namespace calsync::store
