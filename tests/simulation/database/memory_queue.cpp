// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/memory_queue.hpp"

namespace calsync::simulation {

using namespace statements;

Task<std::vector<std::string>> MemoryQueue::heartbeat() {
  co_return co_await session_.run("queue_heartbeat",
                                  [&](Transaction& one) { return queue_heartbeat(one, session_.identity()); });
}

Task<void> MemoryQueue::sign_off() {
  co_await session_.run("queue_sign_off", [&](Transaction& one) { queue_sign_off(one, session_.identity().id); });
}

Task<std::vector<store::Candidate>> MemoryQueue::candidates(store::ClaimFilter filter, int limit) {
  if (filter.owners) {
    co_return co_await session_.run("queue_candidates_of_owners",
                                    [&](Transaction& one) { return queue_candidates_of_owners(one, filter, limit); });
  }
  if (filter.connections) {
    co_return co_await session_.run("queue_candidates_listed",
                                    [&](Transaction& one) { return queue_candidates_listed(one, filter, limit); });
  }
  if (!filter.polling) {
    co_return co_await session_.run("queue_candidates_needed",
                                    [&](Transaction& one) { return queue_candidates_needed(one, filter, limit); });
  }
  std::vector<store::Candidate> found = co_await session_.run(
      "queue_candidates_urgent", [&](Transaction& one) { return queue_candidates_urgent(one, filter, limit); });
  if (filter.full_reads) {
    std::vector<store::Candidate> backfill = co_await session_.run(
        "queue_candidates_backfill", [&](Transaction& one) { return queue_candidates_backfill(one, filter, limit); });
    found.insert(found.end(), backfill.begin(), backfill.end());
  }
  std::vector<store::Candidate> due = co_await session_.run(
      "queue_candidates_due", [&](Transaction& one) { return queue_candidates_due(one, filter, limit); });
  found.insert(found.end(), due.begin(), due.end());
  co_return found;
}

Task<std::vector<sync::Claim>> MemoryQueue::claim(std::vector<ConnectionId> connections, store::ClaimFilter filter,
                                                  int seconds) {
  co_return co_await session_.run("queue_claim", [&](Transaction& one) {
    return queue_claim(one, connections, session_.identity().id, filter, seconds);
  });
}

Task<bool> MemoryQueue::extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq, int seconds) {
  co_return co_await session_.run("queue_extend", [&](Transaction& one) {
    return queue_extend(one, connection.str(), lease_token, edit_seq, seconds);
  });
}

Task<store::SettledRuns> MemoryQueue::settle(std::vector<sync::Settlement> settlements) {
  for (sync::Settlement& one : settlements) {
    if (one.cursor) one.cursor = session_.written(*one.cursor);
  }
  // Statements follow one another here, so nobody ever holds a row.
  auto settled = co_await session_.run(
      "queue_settle", [&](Transaction& one) { return queue_settle(one, settlements, session_.identity().id); });
  co_return store::SettledRuns{std::move(settled), {}};
}

Task<std::set<ConnectionId>> MemoryQueue::release(std::vector<sync::ReturnedLease> leases) {
  co_await session_.run("queue_release", [&](Transaction& one) { queue_release(one, leases); });
  co_return std::set<ConnectionId>{};
}

Task<void> MemoryQueue::disown(std::vector<ConnectionId> connections) {
  co_await session_.run("queue_disown",
                        [&](Transaction& one) { queue_disown(one, session_.identity().id, connections); });
}

}  // namespace calsync::simulation
