// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <set>
#include <string>

#include "memory_queue.hpp"
#include "memory_rates.hpp"
#include "sync-worker/producer.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::testing {

struct FleetOptions {
  int workers = 2;
  int concurrency = 256;
  int per_owner = 16;
  Duration latency = std::chrono::milliseconds(50);
  int calls_per_run = 2;
  Settings settings{};
};

/// Workers made of the real producer, governor and breaker, over tables in memory and on virtual time. A run makes a
/// few calls, which fail with what `failure_of` says.
class Fleet {
 public:
  explicit Fleet(FleetOptions options, unsigned seed = 1);
  ~Fleet();

  VirtualClock clock{};
  MemoryRates rates{clock};
  MemoryCircuits circuits{clock};
  MemoryQueue queue{clock};
  std::function<std::optional<Error>(const sync::Claim&)> failure_of{};
  std::function<void(const sync::Claim&)> on_call{};

  /// Lets this much time pass.
  void pass(Duration time);
  /// Calls that began in each second so far.
  const std::deque<int>& calls() const { return calls_; }
  /// Calls in [from, to).
  int calls_between(Duration from, Duration to) const;
  /// The most calls in any `seconds` that begin in [from, to).
  int most_calls(Duration from, Duration to, int seconds) const;
  const std::vector<std::string>& said() const { return said_; }
  Duration now() const { return clock.monotonic(); }

 private:
  struct Worker;
  static Task<void> run(Fleet& fleet, Worker& worker, sync::Claim claim);
  Task<void> call_provider(Worker& worker, const sync::Claim& claim, Result<void>& ended);
  void count_call();

  asio::io_context io_{};
  FleetOptions options_;
  SeededRandom random_;
  FakeTransport transport_{};
  Metrics metrics_{};
  std::vector<std::string> said_{};
  Log log_;
  providers::Registry registry_;
  sync::GateSettings gate_;
  std::deque<int> calls_{};
  std::vector<std::unique_ptr<Worker>> workers_{};
  bool stopping_ = false;
};

}  // namespace calsync::testing
