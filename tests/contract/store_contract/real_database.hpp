// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "common/db/pool.hpp"
#include "common/runtime/system_clock.hpp"
#include "common/store/postgres_worker_database.hpp"

namespace calsync::contract {

std::string host_of(const std::string& worker);

/// A Postgres database that lives in virtual time: in it now(), clock_timestamp() and gen_random_uuid() are functions
/// of a schema that is searched before the server's own, and say what the suite has set. Each process has one session.
class RealDatabase {
 public:
  /// Processes 0 … n-1 are workers with these ids, and one more stands for everybody else.
  explicit RealDatabase(std::vector<std::string> workers);
  ~RealDatabase();

  store::WorkerDatabase& worker(std::size_t index) { return at(index); }
  /// What everybody else uses.
  store::WorkerDatabase& others() { return at(processes_.size() - 1); }
  db::Pool& pool() { return at(processes_.size() - 1).pool(); }

  /// From now on: the time, and the id of the next row that is given none ("" = a random one).
  void set(Time now, const std::string& next_id);
  void empty_tables();
  void execute(const std::string& text);

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    run(keep(std::move(task), value));
    return std::move(*value);
  }
  void run(Task<void> task);

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }
  void create();
  /// The process, whose session has been told the time.
  store::PostgresWorkerDatabase& at(std::size_t index);

  asio::io_context io_;
  SystemClock clock_;
  std::string name_;
  std::vector<std::unique_ptr<store::PostgresWorkerDatabase>> processes_;
  std::string settings_;
  std::vector<std::string> told_;  ///< the settings of each session
};

}  // namespace calsync::contract
