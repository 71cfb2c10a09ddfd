// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/worker_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <new>

namespace calsync::simulation {
namespace {

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Task<void> WorkerProcess::HungryLink::request(std::string_view statement) {
  if (left > 0) {
    --left;
    ++done;
    throw std::bad_alloc();
  }
  co_await inner_.request(statement);
}

WorkerProcess::WorkerProcess(Surroundings& around, Start start, std::function<void(std::exception_ptr)> crashed)
    : around_(around),
      process_(around.scheduler, start.name),
      random_(start.seed),
      weather_(random_.fork()),
      log_(process_.clock(), Level::debug,
           [&around, name = start.name](std::string_view line) { around.log(name, line); }),
      faulty_(process_, around.database_faults),
      hungry_(faulty_),
      id_(random_uuid(random_)),
      database_(around.database.worker(WorkerId::trusted(id_), start.name, start.version, hungry_)),
      way_(process_.clock(), around.provider, weather_),
      transport_(start.name, way_, around.observer),
      gate_(start.gate) {
  process_.on_crash(std::move(crashed));
  worker_ =
      std::make_unique<worker::SyncWorker>(worker::Surroundings{process_.executor(), process_.clock(), random_, log_,
                                                                *database_, transport_, metrics_, start.circuits},
                                           std::move(start.settings), std::move(start.keys), std::move(start.gate));
  boost::asio::co_spawn(process_.executor(), live(*this), rethrow);
}

/// Coroutines first: they refer to everything else.
WorkerProcess::~WorkerProcess() { process_.kill(); }

Task<void> WorkerProcess::live(WorkerProcess& self) {
  co_await self.worker_->serve([&self] { self.ready_ = true; });
  self.ended_ = true;
}

Task<void> WorkerProcess::reload(WorkerProcess& self, sync::GateSettings gate) {
  self.gate_ = gate;
  self.around_.gate_in_force(self.name(), gate);
  co_await self.worker_->set_gate(std::move(gate));
}

void WorkerProcess::set_gate(sync::GateSettings gate) {
  boost::asio::co_spawn(process_.executor(), reload(*this, std::move(gate)), rethrow);
}

}  // namespace calsync::simulation
