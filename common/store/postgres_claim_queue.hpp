// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/claim_queue.hpp"

namespace calsync::store {

class PostgresClaimQueue final : public ClaimQueue {
 public:
  /// Heartbeats go through `heart`.
  PostgresClaimQueue(db::Pool& pool, db::Pool& heart, WorkerId worker, std::string host, std::string version)
      : pool_(pool), heart_(heart), worker_(std::move(worker)), host_(std::move(host)), version_(std::move(version)) {}
  PostgresClaimQueue(db::Pool& pool, WorkerId worker, std::string host, std::string version)
      : PostgresClaimQueue(pool, pool, std::move(worker), std::move(host), std::move(version)) {}

  Task<std::vector<std::string>> heartbeat() override;
  Task<void> sign_off() override;
  Task<std::vector<Candidate>> candidates(ClaimFilter filter, int limit) override;
  Task<std::vector<sync::Claim>> claim(std::vector<ConnectionId> connections, ClaimFilter filter, int seconds) override;
  Task<bool> extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq, int seconds) override;
  Task<SettledRuns> settle(std::vector<sync::Settlement> settlements) override;
  Task<std::set<ConnectionId>> release(std::vector<sync::ReturnedLease> leases) override;
  Task<void> disown(std::vector<ConnectionId> connections) override;

  const WorkerId& worker() const { return worker_; }

 private:
  db::Pool& pool_;
  db::Pool& heart_;
  WorkerId worker_;
  std::string host_;
  std::string version_;
};

/// The JSON argument of the queue_settle statement.
std::string settlements_json(const std::vector<sync::Settlement>& settlements);

}  // namespace calsync::store
