// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "common/store/claim_queue.hpp"
#include "common/store/credential_store.hpp"
#include "tests/simulation/database/transaction.hpp"

/// sql/queries/queue.sql, one function per statement, of its name.
namespace calsync::simulation::statements {

struct WorkerIdentity {
  std::string id{};
  std::string host{};
  std::string version{};
};

/// Returns those that are not alive.
std::vector<std::string> queue_heartbeat(Transaction& transaction, const WorkerIdentity& me);
void queue_sign_off(Transaction& transaction, const std::string& worker);

std::vector<store::Candidate> queue_candidates_needed(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit);
std::vector<store::Candidate> queue_candidates_urgent(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit);
std::vector<store::Candidate> queue_candidates_due(Transaction& transaction, const store::ClaimFilter& filter,
                                                   int limit);
std::vector<store::Candidate> queue_candidates_backfill(Transaction& transaction, const store::ClaimFilter& filter,
                                                        int limit);
std::vector<store::Candidate> queue_candidates_of_owners(Transaction& transaction, const store::ClaimFilter& filter,
                                                         int limit);
std::vector<store::Candidate> queue_candidates_listed(Transaction& transaction, const store::ClaimFilter& filter,
                                                      int limit);

std::vector<sync::Claim> queue_claim(Transaction& transaction, const std::vector<ConnectionId>& connections,
                                     const std::string& worker, const store::ClaimFilter& filter, int seconds);
bool queue_extend(Transaction& transaction, const std::string& connection, std::int64_t lease_token,
                  std::int64_t edit_seq, int seconds);
/// Throws CL001.
void queue_fence(Transaction& transaction, const sync::Claim& claim, std::optional<std::int64_t> edit_seq);
void queue_checkpoint(Transaction& transaction, const sync::Claim& claim, const std::string& cursor, int seconds);
std::set<ConnectionId> queue_settle(Transaction& transaction, const std::vector<sync::Settlement>& settlements,
                                    const std::string& worker);
void queue_release(Transaction& transaction, const std::vector<sync::ReturnedLease>& leases);
void queue_disown(Transaction& transaction, const std::string& worker, const std::vector<ConnectionId>& connections);
bool queue_store_tokens(Transaction& transaction, const std::string& connection, std::int64_t lease_token,
                        Moment expiry, const std::vector<store::SealedCredential>& credentials);
store::CredentialTable::Stored queue_credentials(Transaction& transaction, const std::string& connection);

}  // namespace calsync::simulation::statements
