// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.hpp"
#include "common/base/time.hpp"

namespace calsync::sync {

/// What becomes of a run.
enum class Verdict {
  complete,  ///< in step: errors and backoff are cleared
  retry,     ///< again after a backoff
  snooze,    ///< again when we may call: no failure, nothing is counted, whoever asked waits on
  suspend,   ///< a person has to act; the row waits until they reconnect or clear the backoff
  discard    ///< not ours any more, or stopping: nothing is written
};
std::string_view verdict_name(Verdict verdict);

struct Outcome {
  Verdict verdict = Verdict::complete;
  std::string last_error{};  ///< "code: sentence"; "" when complete. After a snooze: why, for the log alone
  std::chrono::duration<double> backoff{0};
  int grant_refusals = 0;
};

/// What is known about the row before the verdict.
struct Attempt {
  int error_count = 0;     ///< failed runs in a row before this one
  int grant_refusals = 0;  ///< refusals of the refresh token in a row before this one
};

/// Pure and total. `unit` in [0, 1) is the jitter. Backoff is exponential with full jitter between one second and an
/// hour; a provider's Retry-After is honoured in full (up to `longest_wait`, since nobody means a year) with the jitter
/// on top, and never shortens our own backoff.
Outcome decide(const Error& error, Attempt attempt, double unit);
Outcome completed();

/// Seconds on top of what a snooze has to wait at least, so that those who wait do not come back all at once.
inline constexpr double snooze_spread = 5;

inline constexpr std::chrono::seconds longest_wait = std::chrono::hours(7 * 24);

}  // namespace calsync::sync
