// SPDX-License-Identifier: Apache-2.0
// From a client's JSON to a subscription (subscription resource type).
#pragma once

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

// 400 and 403 for what is refused.
Subscription read_subscription(const GraphCall& call);
// Too far away is 400, too near becomes 45 minutes.
std::int64_t read_expiration(const GraphCall& call, const JsonValue& body);

}  // namespace calsync::emulator::microsoft
