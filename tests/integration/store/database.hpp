// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/db/pool.hpp"
#include "common/runtime/os_random.hpp"
#include "common/runtime/system_clock.hpp"

namespace calsync::test {

/// A freshly migrated database of its own, dropped at the end, with a pool on an io_context that run() drives.
class TestDatabase {
 public:
  TestDatabase();
  ~TestDatabase();

  db::Pool& pool() { return *pool_; }
  asio::io_context& io() { return io_; }
  SystemClock& clock() { return clock_; }
  OsRandom& random() { return random_; }
  Secret uri() const { return Secret(uri_); }
  /// Another session on the same database.
  std::unique_ptr<db::Connection> session();

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    run(keep(std::move(task), value));
    return std::move(*value);
  }
  void run(Task<void> task);

  /// Plain SQL as an operator types it; the first column of the first row.
  std::string sql(const std::string& text);

  std::string add_owner();
  /// A connection that is due now; returns its id.
  std::string add_connection(const std::string& owner, const std::string& provider = "google");

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }
  asio::io_context io_;
  SystemClock clock_;
  OsRandom random_;
  std::string name_;
  std::string uri_;
  std::unique_ptr<db::Pool> pool_;
};

}  // namespace calsync::test
