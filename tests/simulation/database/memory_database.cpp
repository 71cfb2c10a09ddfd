// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/memory_database.hpp"

#include "tests/simulation/database/process_view.hpp"

namespace calsync::simulation {
namespace {

DatabaseLink& perfect_link() {
  static DatabaseLink link;
  return link;
}

}  // namespace

std::unique_ptr<store::WorkerDatabase> MemoryDatabase::worker(WorkerId id, std::string host, std::string version) {
  return worker(std::move(id), std::move(host), std::move(version), perfect_link());
}

std::unique_ptr<store::WorkerDatabase> MemoryDatabase::worker(WorkerId id, std::string host, std::string version,
                                                              DatabaseLink& link) {
  return std::make_unique<ProcessView>(*this, link,
                                       statements::WorkerIdentity{id.str(), std::move(host), std::move(version)});
}

std::unique_ptr<store::WorkerDatabase> MemoryDatabase::api() { return api(perfect_link()); }

std::unique_ptr<store::WorkerDatabase> MemoryDatabase::api(DatabaseLink& link) {
  return std::make_unique<ProcessView>(*this, link, statements::WorkerIdentity{"api", "", ""});
}

void MemoryDatabase::commit(std::string_view statement, const std::string& origin, const Transaction& transaction) {
  if (!observers_.empty()) observe(statement, origin);
  tables_.each([](auto& table) { table.commit(); });
  if (!transaction.notifies) return;
  for (Listener* listener : listeners_) listener->woken_.set();
}

void MemoryDatabase::observe(std::string_view statement, const std::string& origin) {
  const Commit commit{statement,
                      origin,
                      clock_.now(),
                      tables_.connections.changes(),
                      tables_.events.changes(),
                      tables_.calendars.changes(),
                      tables_.credentials.changes(),
                      tables_.channels.changes(),
                      tables_.abandoned.changes(),
                      tables_.revocations.changes(),
                      tables_.runs.changes()};
  for (const auto& observer : observers_) observer(commit);
}

void MemoryDatabase::cut_listeners(const std::string& origin) {
  for (Listener* listener : listeners_) {
    if (listener->origin_ != origin) continue;
    listener->cut_ = true;
    listener->woken_.set();
  }
}

MemoryDatabase::Listener::Listener(MemoryDatabase& database, std::string origin, asio::any_io_executor executor)
    : database_(database), origin_(std::move(origin)), woken_(std::move(executor)) {
  database_.listeners_.push_back(this);
}

MemoryDatabase::Listener::~Listener() { database_.listeners_.remove(this); }

Task<void> MemoryDatabase::Listener::wait() {
  if (!cut_) co_await woken_.wait();
  if (cut_) throw db::DatabaseError("the connection to the database broke", "");
}

}  // namespace calsync::simulation
