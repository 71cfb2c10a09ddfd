// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "common/async/signal.hpp"
#include "common/store/worker_database.hpp"
#include "tests/simulation/database/link.hpp"
#include "tests/simulation/database/transaction.hpp"

namespace calsync::simulation {

/// What one applied statement changed, each row once, as it was and as it is.
struct Commit {
  std::string_view statement{};
  std::string origin{};  ///< the worker's id, "api" or "operator"
  Time at{};
  std::vector<Change<ConnectionRow>> connections{};
  std::vector<Change<EventRow>> events{};
  std::vector<Change<CalendarRow>> calendars{};
  std::vector<Change<CredentialRow>> credentials{};
  std::vector<Change<ChannelRow>> channels{};
  std::vector<Change<AbandonedRow>> abandoned{};
  std::vector<Change<RevocationRow>> revocations{};
  std::vector<Change<RunRow>> runs{};
};

/// The database of the simulation: the tables, statements and triggers of sql/ in memory, which tests/contract proves
/// equal to Postgres. One thread. Every statement is applied at once and as a whole, at the clock's time.
class MemoryDatabase {
 public:
  explicit MemoryDatabase(const Clock& clock) : clock_(clock) {}

  /// One process' view. The link has to outlive it; without one nothing ever fails.
  std::unique_ptr<store::WorkerDatabase> worker(WorkerId id, std::string host, std::string version);
  std::unique_ptr<store::WorkerDatabase> worker(WorkerId id, std::string host, std::string version, DatabaseLink& link);
  /// An API server's: channels() for its push messages, gates() for component "api-server".
  std::unique_ptr<store::WorkerDatabase> api();
  std::unique_ptr<store::WorkerDatabase> api(DatabaseLink& link);

  const Tables& tables() const { return tables_; }
  Time now() const { return clock_.now(); }
  /// Called after every applied statement, also of those that changed nothing.
  void on_commit(std::function<void(const Commit&)> observer) { observers_.push_back(std::move(observer)); }
  void plant(Plant deviation) { plant_ = deviation; }

  /// Runs `work(Transaction&)` as one statement: what it throws undoes it. Returns what it returns.
  template <class Work>
  auto apply(std::string_view statement, const std::string& origin, Work&& work) {
    Transaction transaction(tables_, clock_.now(), plant_);
    try {
      if constexpr (std::is_void_v<decltype(work(transaction))>) {
        work(transaction);
        commit(statement, origin, transaction);
      } else {
        auto result = work(transaction);
        commit(statement, origin, transaction);
        return result;
      }
    } catch (...) {
      tables_.each([](auto& table) { table.roll_back(); });
      throw;
    }
  }

  /// LISTEN calsync_wake, until the session is cut.
  class Listener {
   public:
    Listener(MemoryDatabase& database, std::string origin, asio::any_io_executor executor);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Throws db::DatabaseError once the session is cut.
    Task<void> wait();

   private:
    friend class MemoryDatabase;
    MemoryDatabase& database_;
    std::string origin_;
    Signal woken_;
    bool cut_ = false;
  };
  /// Ends the listening sessions of this process.
  void cut_listeners(const std::string& origin);

 private:
  void commit(std::string_view statement, const std::string& origin, const Transaction& transaction);
  void observe(std::string_view statement, const std::string& origin);

  const Clock& clock_;
  Tables tables_;
  Plant plant_ = Plant::none;
  std::vector<std::function<void(const Commit&)>> observers_;
  std::list<Listener*> listeners_;
};

}  // namespace calsync::simulation
