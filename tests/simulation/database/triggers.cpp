// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/triggers.hpp"

namespace calsync::simulation::triggers {
namespace {

/// The first wake-up that no run has begun to serve.
Moment woken_at(const ConnectionRow& before, Time now) {
  const bool unserved =
      !before.lease_until || (before.last_attempt_at && before.woken_at && *before.woken_at > *before.last_attempt_at);
  return before.sync_needed && before.woken_at && unserved ? before.woken_at : Moment(now);
}

}  // namespace

void calsync_a_woken(Transaction& transaction, const ConnectionRow& before, ConnectionRow& after) {
  if (transaction.plant == Plant::wake_counts_nothing) return;
  after.wake_seq = before.wake_seq + 1;
  transaction.woken.insert(before.id);
  after.woken_at = woken_at(before, transaction.now);
  if (after.sync_requested_at == before.sync_requested_at) {
    if (before.sync_needed && after.sync_priority == 1 && transaction.plant != Plant::wake_keeps_push_priority)
      after.sync_priority = 2;
    if (!before.sync_needed) {
      after.sync_requested_at = transaction.now;
    } else if (before.sync_requested_at) {
      after.sync_requested_at = std::min(*before.sync_requested_at, transaction.now);
    }
  }
  after.updated_at = transaction.now;
  transaction.notifies = true;
}

void calsync_b_edited(Transaction& transaction, const ConnectionRow& before, ConnectionRow& after) {
  if (transaction.plant == Plant::edit_counts_nothing) return;
  after.edit_seq = before.edit_seq + 1;
  const bool discarded = !after.sync_cursor && before.sync_cursor;
  const bool enabled = after.sync_enabled && !before.sync_enabled;
  if (discarded || enabled) {
    if (!(before.sync_needed && after.sync_needed)) after.sync_requested_at = transaction.now;
    after.sync_needed = true;
    after.wake_seq = before.wake_seq + 1;
    transaction.woken.insert(before.id);
    after.woken_at = woken_at(before, transaction.now);
  }
  after.updated_at = transaction.now;
  transaction.notifies = true;
}

void calsync_added(Transaction& transaction) { transaction.notifies = true; }

void calsync_event_pending(Transaction& transaction, const EventRow& row) {
  if (transaction.plant == Plant::pending_event_wakes_nobody) return;
  const ConnectionRow* connection = transaction.tables.connections.find(row.key.connection_id);
  if (!connection || transaction.woken.contains(connection->id)) return;
  transaction.update_connection(connection->id, Names::sync_needed, [](ConnectionRow& set) { set.sync_needed = true; });
}

void calsync_abandons_channels(Transaction& transaction, const ConnectionRow& before) {
  if (transaction.plant == Plant::channels_not_abandoned) return;
  Tables& tables = transaction.tables;
  const CredentialRow* grant = tables.credentials.find({before.id, "refresh_token"});
  if (!grant) return;
  const auto& channels = tables.channels.index().of_connection;
  for (auto at = channels.lower_bound({before.id, ""}); at != channels.end() && at->first == before.id; ++at) {
    const ChannelRow& channel = *tables.channels.find(at->second);
    if (!channel.resource_id || !channel.expires_at || *channel.expires_at <= transaction.now) continue;
    if (tables.abandoned.find(channel.id)) continue;
    tables.abandoned.put(channel.id, {channel.id,
                                      *channel.resource_id,
                                      before.id,
                                      before.provider,
                                      before.provider_id,
                                      before.provider_user_id,
                                      grant->sealed,
                                      *channel.expires_at,
                                      0,
                                      transaction.now,
                                      {}});
  }
}

}  // namespace calsync::simulation::triggers
