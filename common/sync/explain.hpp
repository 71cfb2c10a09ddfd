// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/sync/gate.hpp"
#include "common/sync/state.hpp"

namespace calsync::sync {

struct Explanation {
  std::string situation;  ///< a ConnectionState, or what is nearer: syncing | pending | awaiting_confirmation |
                          ///< switched_off | not_allowlisted
  std::string reason;     ///< one sentence
  std::string action;     ///< the one thing to do, "" = nothing
};

/// Pure and total.
Explanation explain(const ConnectionFacts& facts, const GateSettings& gate, Time now);

}  // namespace calsync::sync
