// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/router.hpp"
#include "api-server/services.hpp"

namespace calsync::api {

/// Sync and disconnect are calendar operations, which a switch or a list may refuse; every other action works with
/// everything off.
bool asks_gate(store::OperatorAction action);

// The rooms of the operators' API: failed events, the audit and job runs; actions over many connections.
void add_record_routes(Router& router, const Services& services);
void add_bulk_routes(Router& router, const Services& services);

}  // namespace calsync::api
