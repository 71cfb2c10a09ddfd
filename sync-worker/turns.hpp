// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <vector>

#include "common/store/claim_queue.hpp"

namespace calsync::worker {

/// The order in which candidates are claimed: by rank, and within a rank owners in turn, so that one with 5,000 due
/// calendars delays nobody. Every eighth place goes to what is overdue longest, owners in turn, whatever its rank: the
/// less urgent wait, but never for ever.
std::deque<store::Candidate> in_turns(std::vector<store::Candidate> found);

}  // namespace calsync::worker
