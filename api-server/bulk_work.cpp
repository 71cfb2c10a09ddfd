// SPDX-License-Identifier: Apache-2.0
#include "api-server/bulk_work.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/disconnect.hpp"
#include "api-server/routes/operator_routes.hpp"

namespace calsync::api {
namespace {

constexpr int portion_size = 50;
constexpr std::chrono::milliseconds breath{250};
constexpr std::chrono::milliseconds look_again{20};

/// The lists are asked for each connection in its turn: they may change meanwhile.
store::BulkStore::Admits admits(const Services& services, store::OperatorAction action) {
  return [&services, action](const std::string& owner, const std::string& connection) {
    if (!asks_gate(action)) return true;
    const OwnerId of = OwnerId::trusted(owner);
    const ConnectionId id = ConnectionId::trusted(connection);
    return static_cast<bool>(admit(services, sync::Operation::use_calendar, &of, &id));
  };
}

/// A disconnect is more than a statement: one at a time, and its line in the audit is written by the erasure itself.
Task<store::BulkStep> disconnect_next(const Services& services, std::string id) {
  const auto portion = co_await services.bulk.next(id, 1);
  if (!portion) co_return store::BulkStep::over;
  if (portion->connections.empty()) co_return store::BulkStep::finished;
  std::size_t touched = 0;
  for (const std::string& one :
       co_await services.bulk.still_wanted(id, portion->connections, admits(services, portion->action))) {
    auto view = co_await services.connections.find(ConnectionId::trusted(one));
    if (!view) continue;
    const Admitted admitted =
        admit(services, sync::Operation::use_calendar, &view->facts.owner, &view->facts.connection);
    if (!admitted) continue;
    co_await disconnect(services, *admitted, *std::move(view), portion->author);
    ++touched;
  }
  co_await services.bulk.progress(std::move(id), portion->connections.size(), touched);
  co_return store::BulkStep::more;
}

}  // namespace

void BulkWork::begin(asio::any_io_executor executor, const Services& services, std::string id,
                     store::OperatorAction action) {
  ++running_;
  asio::co_spawn(executor, work_off(services, std::move(id), action),
                 [this](const std::exception_ptr&) { --running_; });
}

Task<void> BulkWork::ended(Deadline deadline) {
  while (running_ > 0 && !deadline.passed(clock_)) co_await clock_.sleep(look_again);
}

Task<void> BulkWork::portions(const Services& services, std::string id, store::OperatorAction action) {
  for (;;) {
    if (stopping_) co_return co_await services.bulk.end(id, "interrupted", "the API server was stopped");
    if (asks_gate(action) && !admit(services, sync::Operation::use_calendar))
      co_return co_await services.bulk.end(id, "failed", "CALENDAR_SYNC_ENABLED was switched off");
    const store::BulkStep step = action == store::OperatorAction::disconnect
                                     ? co_await disconnect_next(services, id)
                                     : co_await services.bulk.step(id, portion_size, admits(services, action));
    if (step == store::BulkStep::finished) co_return co_await services.bulk.end(id, "done", "");
    // Stopped, or given up for dead: then this writes nothing.
    if (step == store::BulkStep::over) co_return co_await services.bulk.end(id, "interrupted", "");
    co_await clock_.sleep(breath);
  }
}

Task<void> BulkWork::work_off(const Services& services, std::string id, store::OperatorAction action) {
  std::string reason;
  try {
    co_return co_await portions(services, id, action);
  } catch (const std::exception& error) {
    reason = error.what();
  }
  services.log.error("a bulk action ended before its time",
                     {.error_code = "internal_error", .metadata = {{"bulk_id", id}, {"reason", reason}}});
  // Without the database nobody can be told now: the heartbeat grows old, which says the same.
  co_await services.bulk.end(std::move(id), "failed", "it met an error that the log tells");
}

}  // namespace calsync::api
