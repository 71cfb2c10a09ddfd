// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/queue.hpp"

namespace calsync::simulation::statements {
namespace {

using Found = std::vector<const ConnectionRow*>;

/// Rows that tie are in the order of their ids; Postgres may return them in any.
bool by_due(const ConnectionRow* a, const ConnectionRow* b) {
  return std::tie(*a->sync_due_at, a->id) < std::tie(*b->sync_due_at, b->id);
}
bool by_priority(const ConnectionRow* a, const ConnectionRow* b) {
  return std::tie(b->sync_priority, *a->sync_due_at, a->id) < std::tie(a->sync_priority, *b->sync_due_at, b->id);
}

void first(Found& found, int limit) {
  if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
}

bool claimable(const Transaction& transaction, const store::ClaimFilter& filter, const ConnectionRow& row) {
  const bool dead = row.lease_owner && sqlf::any(filter.dead_workers, *row.lease_owner);
  const bool due = row.sync_due_at && (*row.sync_due_at <= transaction.now ||
                                       (transaction.plant == Plant::claim_ignores_backoff && row.sync_needed));
  const bool free = !row.lease_until || *row.lease_until <= transaction.now || dead ||
                    transaction.plant == Plant::claim_ignores_leases;
  return due && free && !sqlf::any(filter.busy_owners, row.provider_id);
}

/// Claimable rows of one provider.
template <class Wanted>
Found of_provider(const Transaction& transaction, const store::ClaimFilter& filter, const std::string& provider,
                  Wanted wanted) {
  Found found;
  const auto& due = transaction.tables.connections.index().due;
  for (auto at = due.lower_bound({provider, Time::min(), ""}); at != due.end(); ++at) {
    const auto& [name, when, id] = *at;
    if (name != provider || when > transaction.now) break;
    const ConnectionRow* row = transaction.tables.connections.find(id);
    if (claimable(transaction, filter, *row) && wanted(*row)) found.push_back(row);
  }
  return found;
}

/// calsync_rank
store::Rank rank(const ConnectionRow& row) {
  if (row.sync_needed && row.sync_priority >= 2) return store::Rank::interactive;
  if (row.sync_needed && row.sync_priority == 1) return store::Rank::push;
  if (!row.sync_cursor) return store::Rank::backfill;
  return row.sync_needed ? store::Rank::outbound : store::Rank::poll;
}

std::vector<store::Candidate> read(const Transaction& transaction, const Found& found) {
  std::vector<store::Candidate> candidates;
  candidates.reserve(found.size());
  for (const ConnectionRow* row : found) {
    candidates.push_back({ConnectionId::trusted(row->id), OwnerId::trusted(row->provider_id), row->provider, rank(*row),
                          std::chrono::milliseconds(sqlf::milliseconds(transaction.now - *row->sync_due_at)),
                          row->lease_until ? row->unsettled_claims + 1 : 0});
  }
  return candidates;
}

/// Full reads that nobody waits for.
bool backfill(const ConnectionRow& row) { return !row.sync_cursor && !(row.sync_needed && row.sync_priority > 0); }

/// The first few of each provider, then all of them in order.
template <class Wanted, class Order>
std::vector<store::Candidate> candidates(const Transaction& transaction, const store::ClaimFilter& filter, int limit,
                                         Wanted wanted, Order order) {
  Found all;
  for (const std::string& provider : filter.providers) {
    Found found = of_provider(transaction, filter, provider, wanted);
    std::sort(found.begin(), found.end(), order);
    first(found, limit);
    all.insert(all.end(), found.begin(), found.end());
  }
  std::sort(all.begin(), all.end(), order);
  return read(transaction, all);
}

bool provided(const store::ClaimFilter& filter, const ConnectionRow& row) {
  return sqlf::any(filter.providers, row.provider) && (row.sync_needed || filter.polling);
}

}  // namespace

std::vector<store::Candidate> queue_candidates_needed(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit) {
  return candidates(transaction, filter, limit, [](const ConnectionRow& row) { return row.sync_needed; }, by_priority);
}

std::vector<store::Candidate> queue_candidates_urgent(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit) {
  return candidates(
      transaction, filter, limit, [](const ConnectionRow& row) { return row.sync_needed && row.sync_priority > 0; },
      by_priority);
}

std::vector<store::Candidate> queue_candidates_due(Transaction& transaction, const store::ClaimFilter& filter,
                                                   int limit) {
  return candidates(
      transaction, filter, limit, [](const ConnectionRow& row) { return row.sync_cursor.has_value(); }, by_due);
}

std::vector<store::Candidate> queue_candidates_backfill(Transaction& transaction, const store::ClaimFilter& filter,
                                                        int limit) {
  return candidates(transaction, filter, limit, backfill, by_due);
}

std::vector<store::Candidate> queue_candidates_of_owners(Transaction& transaction, const store::ClaimFilter& filter,
                                                         int limit) {
  Found all;
  for (const std::string& owner : *filter.owners) {
    Found found;
    for (const auto& [id, row] : transaction.tables.connections.rows()) {
      if (row->provider_id == owner && provided(filter, *row) && claimable(transaction, filter, *row) &&
          sqlf::admits(filter.connections, id)) {
        found.push_back(row.get());
      }
    }
    std::sort(found.begin(), found.end(), by_due);
    first(found, limit);
    all.insert(all.end(), found.begin(), found.end());
  }
  std::sort(all.begin(), all.end(), by_priority);
  first(all, limit);
  return read(transaction, all);
}

std::vector<store::Candidate> queue_candidates_listed(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit) {
  Found found;
  const std::set<std::string> listed(filter.connections->begin(), filter.connections->end());
  for (const std::string& id : listed) {
    const ConnectionRow* row = transaction.tables.connections.find(id);
    if (row && provided(filter, *row) && claimable(transaction, filter, *row)) found.push_back(row);
  }
  std::sort(found.begin(), found.end(), by_priority);
  first(found, limit);
  return read(transaction, found);
}

}  // namespace calsync::simulation::statements
