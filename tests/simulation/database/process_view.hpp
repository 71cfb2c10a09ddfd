// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/memory_queue.hpp"
#include "tests/simulation/database/memory_stores.hpp"

namespace calsync::simulation {

/// What one process sees of the database, through its link.
class ProcessView final : public store::WorkerDatabase {
 public:
  ProcessView(MemoryDatabase& database, DatabaseLink& link, statements::WorkerIdentity identity)
      : session_(database, link, std::move(identity)) {}

  store::ClaimQueue& queue() override { return queue_; }
  store::MirrorStore& mirror() override { return mirror_; }
  store::CredentialTable& credentials() override { return credentials_; }
  store::PushChannelStore& channels() override { return channels_; }
  store::RevocationStore& revocations() override { return revocations_; }
  store::GateTable& gates() override { return gates_; }
  store::MetricsTable& metrics() override { return metrics_; }
  store::RateTable& rates() override { return rates_; }
  store::CircuitTable& circuits() override { return circuits_; }
  Task<void> require_schema() override;
  Task<void> listen(std::function<void()> woken) override;
  Task<void> prune(store::Retention retention) override;

 private:
  Session session_;
  MemoryQueue queue_{session_};
  MemoryMirror mirror_{session_};
  MemoryCredentials credentials_{session_};
  MemoryChannels channels_{session_};
  MemoryRevocations revocations_{session_};
  MemoryGates gates_{session_};
  MemoryMetrics metrics_{session_};
  MemoryRates rates_{session_};
  MemoryCircuits circuits_{session_};
};

}  // namespace calsync::simulation
