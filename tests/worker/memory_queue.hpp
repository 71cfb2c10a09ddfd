// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <random>
#include <set>

#include "common/base/random.hpp"
#include "common/store/claim_queue.hpp"

namespace calsync::testing {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(unsigned seed) : engine_(seed) {}
  std::string bytes(std::size_t count) override {
    std::string text;
    while (text.size() < count) text.push_back(static_cast<char>(engine_() & 0xff));
    return text;
  }

 private:
  std::mt19937 engine_;
};

/// A queue in memory that knows what the order of claims and the reaction to verdicts depend on.
class MemoryQueue final : public store::ClaimQueue {
 public:
  struct Row {
    OwnerId owner{};
    Duration due{0};
    Duration interval = std::chrono::minutes(5);
    store::Rank rank = store::Rank::poll;
    int error_count = 0;
    std::int64_t lease_token = 0;
    bool leased = false;
    Duration synced{-1};
    int claims = 0;
  };
  explicit MemoryQueue(const Clock& clock) : clock_(clock) {}

  ConnectionId add(const std::string& owner, Duration due, store::Rank rank = store::Rank::poll);
  void wake(const ConnectionId& connection);
  const std::map<ConnectionId, Row>& rows() const { return rows_; }
  /// Called with each claim and how long it was overdue.
  std::function<void(const ConnectionId&, Duration)> on_claim{};
  /// Connections whose rows somebody has locked: they can be neither settled nor released.
  std::set<ConnectionId> held{};

  Task<std::vector<std::string>> heartbeat() override { co_return std::vector<std::string>(); }
  Task<void> sign_off() override { co_return; }
  Task<std::vector<store::Candidate>> candidates(store::ClaimFilter filter, int limit) override;
  Task<std::vector<sync::Claim>> claim(std::vector<ConnectionId> connections, store::ClaimFilter filter,
                                       int seconds) override;
  Task<bool> extend(ConnectionId, std::int64_t, std::int64_t, int) override { co_return true; }
  Task<store::SettledRuns> settle(std::vector<sync::Settlement> settlements) override;
  Task<std::set<ConnectionId>> release(std::vector<sync::ReturnedLease> leases) override;
  Task<void> disown(std::vector<ConnectionId>) override { co_return; }

 private:
  void move(Row& row, const ConnectionId& connection, Duration due);
  const Clock& clock_;
  std::map<ConnectionId, Row> rows_;
  std::set<std::pair<Duration, ConnectionId>> by_due_;
  std::set<ConnectionId> urgent_;
};

}  // namespace calsync::testing
