// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/rows.hpp"
#include "tests/simulation/provider/canonical_row.hpp"

namespace calsync::simulation {

/// A row of external_calendar_events in the terms of the truth.
CanonicalRow canonical_row(const EventRow& row);

}  // namespace calsync::simulation
