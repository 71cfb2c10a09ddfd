// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "common/store/connection_store.hpp"
#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/queue.hpp"

namespace calsync::simulation::statements {
namespace {

/// What the claim reads besides the row itself.
class ClaimReader {
 public:
  ClaimReader(const Transaction& transaction, const store::ClaimFilter& filter, const ConnectionRow& row)
      : tables_(transaction.tables), now_(transaction.now), patience_(filter.patience), row_(row) {}

  sync::Claim read() const {
    sync::Claim claim;
    claim.connection = ConnectionId::trusted(row_.id);
    claim.owner = OwnerId::trusted(row_.provider_id);
    claim.provider = row_.provider;
    claim.account = row_.provider_user_id.value_or("");
    claim.lease_token = row_.lease_token;
    claim.wake_seq = row_.wake_seq;
    claim.edit_seq = row_.edit_seq;
    claim.cursor = row_.sync_cursor.value_or("");
    claim.last_synced_at = row_.last_synced_at;
    claim.token_expiry = row_.token_expiry;
    claim.error_count = row_.error_count;
    claim.grant_refusals = row_.grant_refusals;
    claim.unsettled_claims = row_.unsettled_claims;
    claim.state = row_.sync_state;
    claim.calls_drained = std::ceil(row_.calls_drained);
    claim.calls_age = row_.calls_at ? now_ - *row_.calls_at : Duration(0);
    claim.account_links = account_links();
    claim.by_push = row_.sync_priority == static_cast<int>(store::Priority::push);
    claim.asked_for = row_.sync_needed;
    claim.interactive = row_.sync_needed && row_.sync_priority == static_cast<int>(store::Priority::interactive);
    if (row_.sync_needed && row_.wake_seq > row_.served_wake_seq && row_.woken_at)
      claim.woken_ago = std::chrono::milliseconds(sqlf::milliseconds(now_ - *row_.woken_at));
    read_credentials(claim);
    read_calendars(claim);
    read_channels(claim);
    read_retries(claim);
    return claim;
  }

 private:
  int account_links() const {
    if (!row_.provider_user_id) return 1;
    int links = 0;
    for (const auto& [id, other] : tables_.connections.rows()) {
      if (other->provider == row_.provider && other->provider_user_id == row_.provider_user_id) ++links;
    }
    return links;
  }

  bool past(const Moment& moment) const { return moment && *moment <= now_; }

  void read_credentials(sync::Claim& claim) const {
    const auto& rows = tables_.credentials.rows();
    for (auto at = rows.lower_bound({row_.id, ""}); at != rows.end() && at->first.first == row_.id; ++at)
      claim.sealed_credentials.emplace_back(at->second->kind, at->second->sealed);
  }

  void read_calendars(sync::Claim& claim) const {
    const auto& rows = tables_.calendars.rows();
    for (auto at = rows.lower_bound({row_.id, ""}); at != rows.end() && at->first.first == row_.id; ++at) {
      const CalendarRow& one = *at->second;
      claim.calendars.push_back({one.external_calendar_id, one.time_zone, one.selected && one.access_role != "none",
                                 one.deleted_at.has_value(), one.last_error.has_value(),
                                 one.last_error && one.last_error->starts_with("cursor_expired:"),
                                 !one.watch_retry_at || past(one.watch_retry_at), one.last_synced_at.has_value()});
    }
  }

  void read_channels(sync::Claim& claim) const {
    const auto& of_connection = tables_.channels.index().of_connection;
    for (auto at = of_connection.lower_bound({row_.id, ""}); at != of_connection.end() && at->first == row_.id; ++at) {
      const ChannelRow& one = *tables_.channels.find(at->second);
      const bool settled = one.created_at < now_ - std::chrono::minutes(5);
      claim.channels.push_back({one.id, one.external_calendar_id, one.resource_id.value_or(""),
                                sync::parse_channel_state(one.state), past(one.expires_at), past(one.renew_at),
                                one.missed_at && *one.missed_at <= now_ - patience_,
                                !one.retry_at || past(one.retry_at), settled ? one.address.value_or("") : ""});
    }
  }

  void read_retries(sync::Claim& claim) const {
    const auto& created = tables_.events.index().created;
    for (auto at = created.lower_bound({row_.id, "", ""}); at != created.end() && at->connection_id == row_.id; ++at) {
      if (tables_.events.find(*at)->booking_id) continue;
      if (claim.retry_calendars.empty() || claim.retry_calendars.back() != at->external_calendar_id)
        claim.retry_calendars.push_back(at->external_calendar_id);
    }
  }

  const Tables& tables_;
  Time now_;
  std::chrono::seconds patience_;
  const ConnectionRow& row_;
};

bool claimable(const Transaction& transaction, const store::ClaimFilter& filter, const ConnectionRow& row) {
  const bool dead = transaction.plant != Plant::claim_ignores_dead_workers && row.lease_owner &&
                    sqlf::any(filter.dead_workers, *row.lease_owner);
  const bool due = row.sync_due_at && (*row.sync_due_at <= transaction.now ||
                                       (transaction.plant == Plant::claim_ignores_backoff && row.sync_needed));
  const bool free = !row.lease_until || *row.lease_until <= transaction.now || dead ||
                    transaction.plant == Plant::claim_ignores_leases;
  return due && (row.sync_needed || filter.polling) && free && sqlf::admits(filter.owners, row.provider_id) &&
         sqlf::admits(filter.connections, row.id) &&
         (!row.lease_until || row.unsettled_claims < 1 || (filter.suspect && filter.suspect->str() == row.id));
}

/// Runs before this one, in a row, that ended with their worker.
int unsettled_claims(const Transaction& transaction, const ConnectionRow& row, const std::string& worker,
                     const store::ClaimFilter& filter) {
  if (!row.lease_until) return 0;
  const WorkerRow* holder = row.lease_owner ? transaction.tables.workers.find(*row.lease_owner) : nullptr;
  const bool lives =
      holder && (holder->id == worker || holder->heartbeat_at > transaction.now - std::chrono::seconds(15));
  const bool dead = !lives || sqlf::any(filter.dead_workers, *row.lease_owner);
  return row.unsettled_claims + (dead ? 1 : 0);
}

}  // namespace

std::vector<sync::Claim> queue_claim(Transaction& transaction, const std::vector<ConnectionId>& connections,
                                     const std::string& worker, const store::ClaimFilter& filter, int seconds) {
  std::vector<sync::Claim> claims;
  for (const ConnectionId& id : std::set<ConnectionId>(connections.begin(), connections.end())) {
    const ConnectionRow* row = transaction.tables.connections.find(id.str());
    if (!row || !claimable(transaction, filter, *row)) continue;
    const int unsettled = unsettled_claims(transaction, *row, worker, filter);
    transaction.update_connection(id.str(), Names::neither, [&](ConnectionRow& set) {
      set.unsettled_claims = unsettled;
      ++set.lease_token;
      set.lease_owner = worker;
      set.lease_until = transaction.now + std::chrono::seconds(seconds);
      set.last_attempt_at = transaction.now;
    });
    claims.push_back(ClaimReader(transaction, filter, *transaction.tables.connections.find(id.str())).read());
  }
  return claims;
}

}  // namespace calsync::simulation::statements
