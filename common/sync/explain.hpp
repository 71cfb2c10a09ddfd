// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/sync/gate.hpp"

namespace calsync::sync {

/// The facts of one connection's row that explain why it is or is not syncing.
struct ConnectionFacts {
  OwnerId owner{};
  ConnectionId connection{};
  bool sync_enabled = true;
  bool sync_needed = false;
  bool awaiting_confirmation = false;
  std::optional<Time> last_synced_at{};
  std::optional<Time> backoff_until{};
  std::optional<Time> lease_until{};
  std::optional<Time> due_at{};
  int error_count = 0;
  std::string last_error{};
  int sync_frequency_minutes = 5;
};

struct Explanation {
  std::string state;   ///< active | syncing | pending | delayed | throttled | needs_reauth | suspended | disabled |
                       ///< awaiting_confirmation | switched_off | not_allowlisted
  std::string reason;  ///< one sentence
  std::string action;  ///< the one thing to do, "" = nothing
};

/// Pure and total.
Explanation explain(const ConnectionFacts& facts, const GateSettings& gate, Time now);

}  // namespace calsync::sync
