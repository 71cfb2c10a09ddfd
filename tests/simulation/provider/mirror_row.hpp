// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/sync/reconcile.hpp"
#include "tests/simulation/provider/canonical_row.hpp"

namespace calsync::simulation {

/// The product's row in the terms of the truth. `calendar_zone` is where the dates of the calendar begin.
CanonicalRow canonical_row(const sync::MirrorRow& row, const std::string& calendar_zone);

/// A row of a feed: its etag is the product's own fingerprint, which no provider knows, and is left out.
CanonicalRow canonical_feed_row(const sync::MirrorRow& row, const std::string& calendar_zone);

}  // namespace calsync::simulation
