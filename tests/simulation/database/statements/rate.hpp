// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/rate_table.hpp"
#include "tests/simulation/database/transaction.hpp"

/// The statements of sql/queries/rate.sql, under their names there.
namespace calsync::simulation::statements {

std::vector<store::BucketGrant> rate_take(Transaction& transaction, const std::vector<store::BucketAsk>& asks);
void rate_block(Transaction& transaction, const store::BucketName& bucket, const sync::BucketShape& shape,
                Duration time);
bool rate_slot_take(Transaction& transaction, const store::Slot& slot);
void rate_slot_leave(Transaction& transaction, const store::Slot& slot);
std::vector<sync::Circuit> circuits_load(Transaction& transaction);
bool circuit_save(Transaction& transaction, const sync::Circuit& circuit);
store::Steady circuit_steady(Transaction& transaction, const std::string& provider);
std::size_t rate_prune(Transaction& transaction);
std::size_t rate_slots_prune(Transaction& transaction);

}  // namespace calsync::simulation::statements
