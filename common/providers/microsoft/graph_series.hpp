// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>

#include "common/providers/microsoft/graph_cursor.hpp"
#include "common/providers/microsoft/graph_event.hpp"

namespace calsync::microsoft {

/// A slot of a series as a number: seconds since the epoch of its instant, or of midnight UTC of its date.
std::int64_t slot_key(const calendar::EventTime& slot);

/// The master with what its rule does not say, from the slots of the instances that Graph lists in `window`: slots of
/// the rule that nobody fills are EXDATEs (deleted occurrences, which Graph announces in no other way), and instances
/// beside the rule are RDATEs. A day at each edge of the window is left undecided: which occurrences belong to it
/// depends on the mailbox's own zone. Its etag tells of these lines too.
calendar::Event complete_series(Master master, const std::set<std::int64_t>& seen, const Window& window);

}  // namespace calsync::microsoft
