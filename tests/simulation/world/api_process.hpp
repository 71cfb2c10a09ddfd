// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/push_intake.hpp"
#include "common/providers/registry.hpp"
#include "common/store/gate_store.hpp"
#include "tests/simulation/provider/emulated_transport.hpp"
#include "tests/simulation/provider/push_messages.hpp"
#include "tests/simulation/world/surroundings.hpp"

namespace calsync::simulation {

/// The part of a calsync-api that push messages meet: decoder, gate and intake, and the gate that it remembers.
class ApiProcess {
 public:
  ApiProcess(Surroundings& around, Start start, std::function<void(std::exception_ptr)> crashed);
  ~ApiProcess();

  Process& process() { return process_; }
  const sync::GateSettings& gate() const { return gate_; }
  void set_gate(sync::GateSettings gate);
  /// Answers by `answered`, unless the process dies before.
  void receive(DuePush push, std::function<void(PushReply)> answered);

 private:
  static Task<void> record(ApiProcess& self, sync::GateSettings gate);
  static Task<PushReply> answer(ApiProcess& self, const DuePush& push, std::vector<providers::PushItem>* taken);
  static Task<void> serve(ApiProcess& self, DuePush push, std::function<void(PushReply)> answered);

  Process process_;
  SeededRandom random_;
  Log log_;
  FaultyLink link_;
  std::unique_ptr<store::WorkerDatabase> database_;
  Metrics metrics_;
  EmulatedTransport transport_;
  providers::Registry registry_;
  sync::GateSettings gate_;
  int reloads_ = 0;
  store::GateRecorder gates_;
  api::PushIntake intake_;
  Surroundings& around_;
};

}  // namespace calsync::simulation
