// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "common/base/random.hpp"
#include "tests/simulation/provider/emulated_transport.hpp"
#include "tests/support/run_task.hpp"

namespace calsync::simulation::testing {

using calsync::testing::run_task;
using calsync::testing::VirtualClock;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : generator_(seed) {}
  std::string bytes(std::size_t count) override {
    std::string drawn(count, '\0');
    for (char& c : drawn) c = static_cast<char>(generator_());
    return drawn;
  }

 private:
  std::mt19937_64 generator_;
};

/// A world with an account, and a transport to it.
struct TestWorld {
  explicit TestWorld(std::uint64_t seed = 1) : random(seed), world(clock, seed), transport(clock, world, random) {}

  VirtualClock clock;
  SeededRandom random;
  EmulatedWorld world;
  EmulatedTransport transport;

  Result<net::HttpResponse> send(net::HttpRequest request, Duration patience = 30s) {
    return run_task(transport.send(std::move(request), Deadline(clock, patience)), &clock);
  }
  Result<net::HttpResponse> get(std::string_view path, const std::string& token = {}, Duration patience = 30s) {
    net::HttpRequest request;
    request.url = std::string(provider_origin).append(path);
    if (!token.empty()) request.authorization = Secret("Bearer " + token);
    return send(std::move(request), patience);
  }
};

}  // namespace calsync::simulation::testing
