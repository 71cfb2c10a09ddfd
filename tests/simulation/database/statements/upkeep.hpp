// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/gate_store.hpp"
#include "common/store/metrics_store.hpp"
#include "common/store/revocation_store.hpp"
#include "tests/simulation/database/transaction.hpp"

/// Revocations, gates, metrics and what is past its retention; one function per statement, of its name.
namespace calsync::simulation::statements {

void revocations_superseded(Transaction& transaction);
std::vector<store::PendingRevocation> revocations_due(Transaction& transaction);
void revocation_failed(Transaction& transaction, const std::string& id, const std::string& reason,
                       std::optional<std::chrono::seconds> pause);
void revocation_done(Transaction& transaction, const std::string& id);

std::optional<std::string> gate_load(Transaction& transaction, const std::string& component);
void gate_save(Transaction& transaction, const std::string& component, const std::string& state);
std::vector<std::string> gate_admitted_connections(Transaction& transaction, const store::GateTable::Ids& owners,
                                                   const store::GateTable::Ids& connections, const std::string& after);
void connections_wake(Transaction& transaction, const std::vector<std::string>& ids);

void metrics_add(Transaction& transaction, const store::MetricBatch& batch);

/// These return how many rows went.
std::size_t mirror_prune(Transaction& transaction, int days);
std::size_t staged_prune(Transaction& transaction);
std::size_t runs_prune(Transaction& transaction, int days);
std::size_t connection_states_prune(Transaction& transaction, int days);
std::size_t job_runs_prune(Transaction& transaction, int days);
std::size_t oauth_flows_prune(Transaction& transaction);
std::size_t push_channels_prune(Transaction& transaction, int days);
std::size_t abandoned_channels_prune(Transaction& transaction);
std::size_t metrics_batches_prune(Transaction& transaction);

}  // namespace calsync::simulation::statements
