// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "common/async/clock.hpp"
#include "common/base/result.hpp"

namespace calsync {

enum class DeadlineOutcome {
  finished,   ///< the operation ended by itself
  timed_out,  ///< the deadline passed and the operation was cancelled
  cancelled   ///< the waiting coroutine was cancelled, and the operation with it
};

/// Runs `operation` against `deadline`. The loser is cancelled and has ended when this returns; an operation that
/// ignores cancellation therefore delays the return. An exception of the operation, other than its cancellation, passes
/// through.
Task<DeadlineOutcome> race_deadline(AsyncClock& clock, Deadline deadline, Task<void> operation);

namespace detail {

template <class T>
Task<void> keep_result(Task<Result<T>> operation, std::optional<Result<T>>& kept) {
  Result<T> result = co_await std::move(operation);
  kept.emplace(std::move(result));
}

}  // namespace detail

/// The operation's own result when it ended in time (a success that arrives together with the deadline counts),
/// otherwise failure timeout, or failure cancelled when the waiting coroutine itself was cancelled.
template <class T>
Task<Result<T>> with_deadline(AsyncClock& clock, Deadline deadline, Task<Result<T>> operation) {
  if (deadline.passed(clock)) co_return fail(Failure::timeout, "the deadline had already passed");
  std::optional<Result<T>> kept;
  Task<void> work = detail::keep_result<T>(std::move(operation), kept);
  const DeadlineOutcome race = co_await race_deadline(clock, deadline, std::move(work));
  if (kept && (race == DeadlineOutcome::finished || kept->has_value())) co_return std::move(*kept);
  if (race == DeadlineOutcome::timed_out) co_return fail(Failure::timeout, "the deadline passed");
  co_return fail(Failure::cancelled, "the work was stopped");
}

}  // namespace calsync
