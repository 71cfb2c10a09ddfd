// SPDX-License-Identifier: Apache-2.0
#include "common/db/pool.hpp"

#include <boost/asio/use_awaitable.hpp>

namespace calsync::db {
namespace {

constexpr std::chrono::seconds connect_timeout{5};

/// Counts while it lives, also when the wait is cancelled.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

Pool::Handle::Handle(std::shared_ptr<Slots> slots, Slot connection)
    : slots_(std::move(slots)), connection_(std::move(connection)) {
  ++slots_->figures.in_use;
}

Pool::Handle::~Handle() {
  if (!slots_) return;
  if (connection_ && (!connection_->usable() || connection_->in_transaction())) connection_.reset();
  --slots_->figures.in_use;
  if (connection_) slots_->idle.push_back(std::move(connection_));
  slots_->permits.try_send(boost::system::error_code());
}

Pool::Pool(asio::any_io_executor executor, AsyncClock& clock, Secret uri, std::size_t size)
    : executor_(executor), clock_(clock), uri_(std::move(uri)), slots_(std::make_shared<Slots>(executor, size)) {
  for (std::size_t i = 0; i < size; ++i) slots_->permits.try_send(boost::system::error_code());
}

Task<Pool::Slot> Pool::wait_for_slot() {
  const std::shared_ptr<Slots> slots = slots_;
  const Counted waiting(slots->figures.waiting);
  co_await slots->permits.async_receive(asio::use_awaitable);
  if (slots->idle.empty()) co_return Slot();
  Slot slot = std::move(slots->idle.back());
  slots->idle.pop_back();
  co_return slot;
}

Task<Pool::Handle> Pool::acquire() {
  Slot slot = co_await wait_for_slot();
  Handle handle(slots_, std::move(slot));
  if (!handle.connection_ || !handle.connection_->alive()) {
    handle.connection_.reset();
    std::string uri(uri_.reveal());
    handle.connection_ = co_await Connection::open(executor_, clock_, std::move(uri), connect_timeout);
  }
  co_return handle;
}

Task<Rows> Pool::query(const sql::Query& query, Values values) {
  Handle handle = co_await acquire();
  Rows rows = co_await handle->query(query, std::move(values));
  co_return rows;
}

Task<Transaction> Transaction::begin(Pool& pool) {
  Pool::Handle handle = co_await pool.acquire();
  co_await handle->execute("BEGIN");
  co_return Transaction(std::move(handle));
}

Task<void> Transaction::commit() { co_await handle_->execute("COMMIT"); }

Task<void> Transaction::rollback() { co_await handle_->execute("ROLLBACK"); }

}  // namespace calsync::db
