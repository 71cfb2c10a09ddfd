// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sync-worker/sync_worker.hpp"
#include "tests/simulation/provider/emulated_transport.hpp"
#include "tests/simulation/world/surroundings.hpp"

namespace calsync::simulation {

/// A calsync-worker: the product's SyncWorker, as its main() puts it together, in a process that can be killed.
class WorkerProcess {
 public:
  WorkerProcess(Surroundings& around, Start start, std::function<void(std::exception_ptr)> crashed);
  ~WorkerProcess();

  Process& process() { return process_; }
  const std::string& id() const { return id_; }
  const std::string& name() const { return process_.name(); }
  const sync::GateSettings& gate() const { return gate_; }
  bool ready() const { return ready_; }
  bool ended() const { return ended_; }
  void stop() { worker_->stop(); }         ///< SIGTERM
  void set_gate(sync::GateSettings gate);  ///< SIGHUP
  /// The next allocations of its statements fail.
  void starve(int allocations) { hungry_.left = allocations; }
  int starved() const { return hungry_.done; }

 private:
  class HungryLink final : public DatabaseLink {
   public:
    explicit HungryLink(DatabaseLink& inner) : inner_(inner) {}
    Task<void> request(std::string_view statement) override;
    Task<void> reply(std::string_view statement) override { return inner_.reply(statement); }
    int left = 0;
    int done = 0;

   private:
    DatabaseLink& inner_;
  };
  static Task<void> live(WorkerProcess& self);
  static Task<void> reload(WorkerProcess& self, sync::GateSettings gate);

  Surroundings& around_;
  Process process_;
  SeededRandom random_;
  SeededRandom weather_;  ///< of the network; apart, so that faults do not change what the worker draws
  Log log_;
  Metrics metrics_;
  FaultyLink faulty_;
  HungryLink hungry_;
  std::string id_;
  std::unique_ptr<store::WorkerDatabase> database_;
  EmulatedTransport way_;
  WatchedTransport transport_;
  sync::GateSettings gate_;
  std::unique_ptr<worker::SyncWorker> worker_;
  bool ready_ = false;
  bool ended_ = false;
};

}  // namespace calsync::simulation
