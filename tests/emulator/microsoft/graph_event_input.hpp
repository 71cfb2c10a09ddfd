// SPDX-License-Identifier: Apache-2.0
// From a client's JSON to an event.
#pragma once

#include "graph_call.hpp"

namespace calsync::emulator::microsoft {

struct EventInput {
  Content content;
  std::optional<Recurrence> recurrence;
  bool removes_recurrence = false;  // recurrence: null
  bool moves = false;               // start, end, isAllDay or recurrence was named
  std::string transaction_id;
};

// Applies what the body names to `known`; throws for values that Outlook refuses. `series`: of the item as it is.
EventInput read_event(const JsonValue& body, const Content& known, const std::optional<Recurrence>& series,
                      const Switches& switches, const Mailbox& owner);

}  // namespace calsync::emulator::microsoft
