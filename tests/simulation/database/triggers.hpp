// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/transaction.hpp"

/// The triggers of sql/migrations, under their names there.
namespace calsync::simulation::triggers {

void calsync_a_woken(Transaction& transaction, const ConnectionRow& before, ConnectionRow& after);
void calsync_b_edited(Transaction& transaction, const ConnectionRow& before, ConnectionRow& after);
void calsync_added(Transaction& transaction);
void calsync_event_pending(Transaction& transaction, const EventRow& row);
void calsync_abandons_channels(Transaction& transaction, const ConnectionRow& before);

}  // namespace calsync::simulation::triggers
