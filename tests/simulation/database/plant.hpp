// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace calsync::simulation {

/// A deviation from Postgres that the contract suite has to find. Only its self-test asks for one.
enum class Plant {
  none,
  wake_counts_nothing,         ///< calsync_a_woken does not fire
  edit_counts_nothing,         ///< calsync_b_edited does not fire
  wake_keeps_push_priority,    ///< a person's wake-up of a row that waits for pushes
  pending_event_wakes_nobody,  ///< calsync_event_pending does not fire
  channels_not_abandoned,      ///< calsync_abandons_channels does not fire
  settle_loses_wake,           ///< a wake-up during the run is cleared by its success
  settle_overrules_edit,       ///< the run's cursor wins over an operator's
  claim_ignores_dead_workers,
  fence_ignores_edit,
  tombstone_stays_busy,
  message_keeps_suspicion,  ///< a push message does not take missed_at back
  later_batch_adds_twice,   ///< a metrics batch that comes again is added again
  job_item_ignores_target,  ///< an item is closed by a run that began before it
  no_fence,                 ///< a lease token that is not the row's writes all the same
  claim_ignores_backoff,
  claim_ignores_leases,
  staged_first_mention_counts,  ///< an event that comes again in a full read is not replaced
  flip_keeps_ghosts,            ///< what a staged full read does not name stays
  staged_left_over,             ///< staged rows are never discarded
  last = staged_left_over
};

}  // namespace calsync::simulation
