// SPDX-License-Identifier: Apache-2.0
#include "memory_queue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace calsync::testing {
namespace {

constexpr const char* provider = "google";

}  // namespace

ConnectionId MemoryQueue::add(const std::string& owner, Duration due, store::Rank rank) {
  const auto id = ConnectionId::trusted(fmt::format("00000000-0000-4000-8000-{:012}", rows_.size()));
  Row& row = rows_[id];
  row.owner = OwnerId::trusted(owner);
  row.rank = rank;
  move(row, id, due);
  return id;
}

void MemoryQueue::move(Row& row, const ConnectionId& connection, Duration due) {
  by_due_.erase({row.due, connection});
  row.due = due;
  by_due_.insert({row.due, connection});
  if (row.rank <= store::Rank::push) {
    urgent_.insert(connection);
  } else {
    urgent_.erase(connection);
  }
}

void MemoryQueue::wake(const ConnectionId& connection) {
  Row& row = rows_.at(connection);
  row.rank = store::Rank::interactive;
  move(row, connection, std::min(row.due, clock_.monotonic()));
}

Task<std::vector<store::Candidate>> MemoryQueue::candidates(store::ClaimFilter filter, int limit) {
  const Duration now = clock_.monotonic();
  std::vector<store::Candidate> found;
  if (std::find(filter.providers.begin(), filter.providers.end(), provider) == filter.providers.end()) co_return found;
  const std::set<std::string> busy(filter.busy_owners.begin(), filter.busy_owners.end());
  const auto offer = [&](const ConnectionId& id, const Row& row) {
    if (row.leased || row.due > now || busy.contains(row.owner.str())) return;
    found.push_back(
        {id, row.owner, provider, row.rank, std::chrono::duration_cast<std::chrono::milliseconds>(now - row.due)});
  };
  for (const ConnectionId& id : urgent_) offer(id, rows_.at(id));
  const std::size_t most = found.size() + static_cast<std::size_t>(limit);
  for (const auto& [due, id] : by_due_) {
    if (due > now || found.size() >= most) break;
    offer(id, rows_.at(id));
  }
  co_return found;
}

Task<std::vector<sync::Claim>> MemoryQueue::claim(std::vector<ConnectionId> connections, store::ClaimFilter, int) {
  const Duration now = clock_.monotonic();
  std::vector<sync::Claim> claims;
  for (const ConnectionId& id : connections) {
    Row& row = rows_.at(id);
    if (row.leased || row.due > now) continue;
    row.leased = true;
    ++row.claims;
    if (on_claim) on_claim(id, now - row.due);
    sync::Claim claim;
    claim.connection = id;
    claim.owner = row.owner;
    claim.provider = provider;
    claim.account = id.str();
    claim.lease_token = ++row.lease_token;
    claim.error_count = row.error_count;
    claim.cursor = row.rank == store::Rank::backfill ? "" : "cursor";
    claims.push_back(std::move(claim));
  }
  co_return claims;
}

Task<store::SettledRuns> MemoryQueue::settle(std::vector<sync::Settlement> settlements) {
  const Duration now = clock_.monotonic();
  store::SettledRuns runs;
  for (const sync::Settlement& one : settlements) {
    Row& row = rows_.at(one.connection);
    if (!row.leased || row.lease_token != one.lease_token) continue;
    if (held.contains(one.connection)) {
      runs.held.insert(one.connection);
      continue;
    }
    row.leased = false;
    runs.settled.insert(one.connection);
    const auto backoff = std::chrono::duration_cast<Duration>(one.outcome.backoff);
    if (one.outcome.verdict == sync::Verdict::complete) {
      row.error_count = 0;
      row.synced = now;
      row.rank = store::Rank::poll;
      move(row, one.connection, now + row.interval);
    } else {
      if (one.outcome.verdict != sync::Verdict::snooze) ++row.error_count;
      move(row, one.connection, now + backoff);
    }
  }
  co_return runs;
}

Task<std::set<ConnectionId>> MemoryQueue::release(std::vector<sync::ReturnedLease> leases) {
  std::set<ConnectionId> still_held;
  for (const sync::ReturnedLease& one : leases) {
    if (rows_.at(one.connection).lease_token != one.lease_token) continue;
    if (held.contains(one.connection)) {
      still_held.insert(one.connection);
    } else {
      rows_.at(one.connection).leased = false;
    }
  }
  co_return still_held;
}

}  // namespace calsync::testing
