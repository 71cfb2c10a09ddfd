// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.hpp"
#include "common/base/time.hpp"
#include "common/sync/outcome.hpp"

namespace calsync::sync {

/// What the row of a connection says: the evidence from which its state is derived and explained.
struct ConnectionFacts {
  OwnerId owner{};
  ConnectionId connection{};
  bool sync_enabled = true;
  bool sync_needed = false;
  bool awaiting_confirmation = false;
  std::optional<Time> created_at{};
  std::optional<Time> last_synced_at{};
  std::optional<Time> backoff_until{};
  std::optional<Time> lease_until{};
  std::optional<Time> due_at{};
  int error_count = 0;
  int grant_refusals = 0;
  int failing_calendars = 0;  ///< wanted, and their last read failed; those that rest between full reads do not count
  std::string last_error{};
  int sync_frequency_minutes = 5;
};

/// The first rule that holds decides.
enum class ConnectionState {
  disabled,       ///< not enabled, or waits for the host application's confirmation
  needs_reauth,   ///< invalid_token or insufficient_scope, and refused in two runs in a row: a person has to connect
                  ///< again
  delayed,        ///< configuration_error, for as long as the operator's mistake lasts; see also below
  suspended,      ///< put off for more than a month: nobody tries before a person has acted
  throttled,      ///< the provider asked us to slow down
  provider_down,  ///< the provider answered 5xx, not in time, or not at all
  // delayed: any other failure, the first refusal of a grant among them; a backoff set by hand; a wanted calendar that
  // cannot be read; or no success for two poll intervals and a minute
  active  ///< in step
};
std::string_view state_name(ConnectionState state);

/// Pure and total.
ConnectionState derive_state(const ConnectionFacts& facts, Time now);

/// Who can mend what keeps the connection from being active.
enum class ErrorOwner { none, user, operators, provider };
std::string_view owner_name(ErrorOwner owner);
ErrorOwner error_owner(const ConnectionFacts& facts, Time now);

/// Since when a connection that meets no error is out of step; nothing = it is not.
std::optional<Time> late_since(const ConnectionFacts& facts, Time now);

/// What a verdict makes of the row, for the record of its changes of state.
struct StateChange {
  std::string state = "active";
  std::string reason{};  ///< "" = in step
};
StateChange state_after(const Outcome& outcome, int failing_calendars, Time now);

}  // namespace calsync::sync
