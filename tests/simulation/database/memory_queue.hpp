// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/session.hpp"

namespace calsync::simulation {

class MemoryQueue final : public store::ClaimQueue {
 public:
  explicit MemoryQueue(Session& session) : session_(session) {}

  Task<std::vector<std::string>> heartbeat() override;
  Task<void> sign_off() override;
  Task<std::vector<store::Candidate>> candidates(store::ClaimFilter filter, int limit) override;
  Task<std::vector<sync::Claim>> claim(std::vector<ConnectionId> connections, store::ClaimFilter filter,
                                       int seconds) override;
  Task<bool> extend(ConnectionId connection, std::int64_t lease_token, std::int64_t edit_seq, int seconds) override;
  Task<store::SettledRuns> settle(std::vector<sync::Settlement> settlements) override;
  Task<std::set<ConnectionId>> release(std::vector<sync::ReturnedLease> leases) override;
  Task<void> disown(std::vector<ConnectionId> connections) override;

 private:
  Session& session_;
};

}  // namespace calsync::simulation
