// SPDX-License-Identifier: Apache-2.0
#include "common/async/deadline.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "common/async/cancelled.hpp"

namespace calsync {

// Written with parallel_group because awaitable_operators' || waits for the first success: a failing operation would
// sit out the whole deadline, and its exception would be lost.
Task<DeadlineOutcome> race_deadline(AsyncClock& clock, Deadline deadline, Task<void> operation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Task<void> alarm = clock.sleep(deadline.remaining(clock));
  auto group = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(operation), asio::deferred),
                                                       asio::co_spawn(executor, std::move(alarm), asio::deferred));
  const auto [order, operation_failure, alarm_failure] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (operation_failure && !is_cancellation(operation_failure)) std::rethrow_exception(operation_failure);
  if (alarm_failure && !is_cancellation(alarm_failure)) std::rethrow_exception(alarm_failure);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (!operation_failure && order[0] == 0) co_return DeadlineOutcome::finished;
  const bool stopped = state.cancelled() != asio::cancellation_type::none || order[0] == 0;
  co_return stopped ? DeadlineOutcome::cancelled : DeadlineOutcome::timed_out;
}

}  // namespace calsync
