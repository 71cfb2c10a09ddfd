// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/store_contract/world.hpp"

/// Arguments for operations, mostly ones that mean something in the double's present state.
namespace calsync::contract {

std::vector<std::string> connection_ids(const Step& step);
/// A connection; now and then one that does not exist.
std::string pick_connection(Step& step);
/// One that is leased, if there is any and mostly.
std::string pick_leased(Step& step);
/// What a worker holds of a connection: mostly current, sometimes stale.
sync::Claim pick_claim(Step& step);
/// One whose run ended with its worker, if there is any and mostly.
std::string pick_suspect(Step& step);
std::string pick_channel(Step& step);
std::vector<std::string> pick_channels(Step& step);
std::optional<std::chrono::seconds> pick_pause(Step& step);
std::optional<std::vector<std::string>> pick_owners(Step& step, int percent);
std::optional<std::vector<std::string>> pick_listed(Step& step, int percent);
std::vector<store::SealedCredential> pick_sealed(Step& step);
std::string pick_uuid(Step& step);
/// Somewhere around the present.
Time pick_time(Step& step);

sync::RunRows pick_rows(Step& step);
sync::StagedBatch pick_batch(Step& step);
sync::Settlement pick_settlement(Step& step, const sync::Claim& claim);

}  // namespace calsync::contract
