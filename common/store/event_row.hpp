// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/value.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// The parameters of the mirror_upsert statement, in its order. All-day events get their dates, and as start_time and
/// end_time the midnights of `calendar_zone` (UTC when unknown), so that plain SQL can sort and filter them.
db::Values event_row(const sync::Claim& claim, const std::string& calendar_id, const std::string& calendar_zone,
                     const sync::MirrorRow& row);

}  // namespace calsync::store
