// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/experimental/channel.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/base/metrics.hpp"
#include "common/base/secret.hpp"
#include "common/db/connection.hpp"

namespace calsync::db {

/// A bounded pool on one executor: `acquire` waits for a slot, opens a session when the slot has none, and the Handle
/// gives it back. Broken sessions, and sessions left inside a transaction, are closed instead.
class Pool {
  using Slot = std::unique_ptr<Connection>;
  struct Slots {
    Slots(const asio::any_io_executor& executor, std::size_t size) : meeting(executor, 0), figures{size, 0, 0} {}
    /// Hands a session over to whoever has waited longest. Without a buffer: see Signal::Flag.
    asio::experimental::channel<void(boost::system::error_code, Slot)> meeting;
    /// The session that was used last is used next: its backend's caches are warm.
    std::vector<Slot> idle{};
    PoolFigures figures;
  };

 public:
  class Handle {
   public:
    Handle(std::shared_ptr<Slots> slots, Slot connection);
    Handle(Handle&&) = default;
    Handle& operator=(Handle&&) = delete;
    ~Handle();
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }

   private:
    friend class Pool;
    std::shared_ptr<Slots> slots_;
    Slot connection_;
  };

  Pool(asio::any_io_executor executor, AsyncClock& clock, Secret uri, std::size_t size);

  Task<Handle> acquire();
  /// One autocommit statement on a pooled session.
  Task<Rows> query(const sql::Query& query, Values values);
  const PoolFigures& figures() const { return slots_->figures; }

 private:
  static void give_back(Slots& slots, Slot connection);
  Task<Slot> take_place();

  asio::any_io_executor executor_;
  AsyncClock& clock_;
  Secret uri_;
  std::shared_ptr<Slots> slots_;
};

/// BEGIN … COMMIT on a pooled session. Destroyed without commit(), the session is closed, which rolls back.
class Transaction {
 public:
  static Task<Transaction> begin(Pool& pool);
  Connection* operator->() const { return &*handle_; }
  Task<void> commit();
  Task<void> rollback();

 private:
  explicit Transaction(Pool::Handle handle) : handle_(std::move(handle)) {}
  Pool::Handle handle_;
};

}  // namespace calsync::db
