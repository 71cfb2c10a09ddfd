// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/rows.hpp"
#include "common/sync/state.hpp"

namespace calsync::store {

/// The facts of one connection, from the columns that every query over connections gives.
sync::ConnectionFacts read_facts(const db::Rows& rows, int row);

}  // namespace calsync::store
