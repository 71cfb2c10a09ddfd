// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "common/base/config.hpp"
#include "common/base/crypto.hpp"
#include "common/providers/provider.hpp"
#include "common/sync/circuit.hpp"
#include "common/sync/gate.hpp"
#include "tests/simulation/kernel/process.hpp"
#include "tests/simulation/provider/emulated_world.hpp"
#include "tests/simulation/world/database_faults.hpp"
#include "tests/simulation/world/watched_transport.hpp"

namespace calsync::simulation {

/// What every process of a world shares. Outlives them.
struct Surroundings {
  Scheduler& scheduler;
  EmulatedWorld& provider;
  MemoryDatabase& database;
  DatabaseFaults& database_faults;
  CallObserver& observer;
  std::function<void(const std::string& process, std::string_view line)> log;
  std::function<void(const std::string& process, const sync::GateSettings& gate)> gate_in_force;
  /// A push message was answered with success; it had come at `begun`. `said`: the lifecycle event that it speaks of,
  /// if it does, as its body has it.
  std::function<void(const providers::PushItem& item, Duration begun, std::string_view said)> push_taken;
  /// One was not taken for a message of its channel, by a gate that has not changed since it came.
  std::function<void(const providers::PushItem& item, const sync::GateSettings& gate)> push_passed_over{};
};

/// What a daemon is started with.
struct Start {
  std::string name{};
  Settings settings{};
  KeyRing keys{};
  sync::GateSettings gate{};
  std::uint64_t seed = 0;
  std::string version = "simulated";
  sync::CircuitLimits circuits{};
};

}  // namespace calsync::simulation
