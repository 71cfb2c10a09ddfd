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
    : slots_(std::move(slots)), connection_(std::move(connection)) {}

Pool::Handle::~Handle() {
  if (!slots_) return;
  if (connection_ && (!connection_->usable() || connection_->in_transaction())) connection_.reset();
  give_back(*slots_, std::move(connection_));
}

Pool::Pool(asio::any_io_executor executor, AsyncClock& clock, Secret uri, std::size_t size)
    : executor_(executor), clock_(clock), uri_(std::move(uri)), slots_(std::make_shared<Slots>(executor, size)) {}

void Pool::give_back(Slots& slots, Slot connection) {
  // A place that goes from hand to hand stays in use. What could not be sent has not been moved from.
  if (slots.meeting.try_send(boost::system::error_code(), std::move(connection))) return;
  --slots.figures.in_use;
  if (connection) slots.idle.push_back(std::move(connection));
}

Task<Pool::Slot> Pool::take_place() {
  const std::shared_ptr<Slots> slots = slots_;
  if (slots->figures.in_use == slots->figures.size) {
    const Counted waiting(slots->figures.waiting);
    co_return co_await slots->meeting.async_receive(asio::use_awaitable);
  }
  ++slots->figures.in_use;
  if (slots->idle.empty()) co_return Slot();
  Slot slot = std::move(slots->idle.back());
  slots->idle.pop_back();
  co_return slot;
}

Task<Pool::Handle> Pool::acquire() {
  Slot slot = co_await take_place();
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
