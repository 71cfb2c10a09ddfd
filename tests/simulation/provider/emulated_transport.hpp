// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/random.hpp"
#include "common/net/http.hpp"
#include "tests/simulation/provider/emulated_world.hpp"

namespace calsync::simulation {

struct TransportOptions {
  /// Most calls take about this long each way, and some of them `slow`.
  Duration usual = std::chrono::milliseconds(20);
  Duration slow = std::chrono::seconds(4);
  double slow_share = 0.02;
};

/// The emulator behind the product's transport interface, in this process and in virtual time. The call takes effect at
/// one moment between two waits: what ends the caller before it (a deadline, a cancellation, the destruction of its
/// coroutine) leaves the provider as it was, what ends it after it loses the answer of a call that took effect.
/// Failures and their sentences are those of common/net/beast_transport. World, clock and random outlive it.
class EmulatedTransport final : public net::HttpTransport {
 public:
  EmulatedTransport(AsyncClock& clock, EmulatedWorld& world, Random& random, TransportOptions options = {});
  Task<Result<net::HttpResponse>> send(net::HttpRequest request, Deadline deadline) override;

  int calls() const { return calls_; }  ///< that the provider saw

 private:
  Task<Result<net::HttpResponse>> follow(net::HttpRequest request, Deadline deadline);
  Task<Result<net::HttpResponse>> answer_of(const net::HttpRequest& request, Deadline deadline);
  Task<Result<net::HttpResponse>> deliver(const net::HttpRequest& request, emulator::Response response,
                                          Deadline deadline);
  Task<bool> pass(Duration duration, Deadline deadline);
  Duration latency();

  AsyncClock& clock_;
  EmulatedWorld& world_;
  Random& random_;
  TransportOptions options_;
  int calls_ = 0;
};

}  // namespace calsync::simulation
