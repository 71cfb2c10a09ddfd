// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/postgres_claim_queue.hpp"
#include "common/store/postgres_credential_table.hpp"
#include "common/store/postgres_gate_table.hpp"
#include "common/store/postgres_mirror_store.hpp"
#include "common/store/postgres_push_channel_store.hpp"
#include "common/store/postgres_rate_table.hpp"
#include "common/store/postgres_revocation_store.hpp"
#include "common/store/worker_database.hpp"

namespace calsync::store {

/// One pool, and two sessions beside it: for notifications, and for heartbeats. A worker whose runs have all sessions
/// at work is not dead.
class PostgresWorkerDatabase final : public WorkerDatabase {
 public:
  struct Identity {
    WorkerId id;
    std::string host;
    std::string version;
  };
  PostgresWorkerDatabase(asio::any_io_executor executor, AsyncClock& clock, Secret uri, std::size_t pool_size,
                         Identity identity);

  db::Pool& pool() { return pool_; }
  db::Pool& heart() { return heart_; }

  ClaimQueue& queue() override { return queue_; }
  MirrorStore& mirror() override { return mirror_; }
  CredentialTable& credentials() override { return credentials_; }
  PushChannelStore& channels() override { return channels_; }
  RevocationStore& revocations() override { return revocations_; }
  GateTable& gates() override { return gates_; }
  MetricsTable& metrics() override { return metrics_; }
  RateTable& rates() override { return rates_; }
  CircuitTable& circuits() override { return circuits_; }
  Task<void> require_schema() override;
  Task<void> listen(std::function<void()> woken) override;
  Task<void> prune(Retention retention) override;

 private:
  Task<void> prune(const sql::Query& query, std::optional<int> days = {});

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  Secret uri_;
  db::Pool pool_;
  db::Pool heart_;
  PostgresClaimQueue queue_;
  PostgresMirrorStore mirror_;
  PostgresCredentialTable credentials_;
  PostgresPushChannelStore channels_;
  PostgresRevocationStore revocations_;
  PostgresGateTable gates_;
  PostgresMetricsTable metrics_;
  PostgresRateTable rates_;
  PostgresCircuitTable circuits_;
};

}  // namespace calsync::store
