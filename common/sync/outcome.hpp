// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
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
  /// The part of it that the provider asked for: it holds also where an operator or a stop overrules the verdict.
  std::chrono::duration<double> pause{0};
  int provider_status = 0;            ///< of the answer that it failed by; 0 = there was none
  std::string provider_request_id{};  ///< "" = none
};

/// What is known about the row before the verdict.
struct Attempt {
  int error_count = 0;          ///< failed runs in a row before this one
  int grant_refusals = 0;       ///< runs in a row before this one in which the grant was refused
  bool refused_before = false;  ///< the run before this one was refused, whatever token this one was given since
};

/// Pure and total. `unit` in [0, 1) is the jitter. Backoff is exponential with full jitter between one second and an
/// hour; a provider's Retry-After is honoured in full (up to `longest_wait`, since nobody means a year) with the jitter
/// on top, and never shortens our own backoff.
Outcome decide(const Error& error, Attempt attempt, double unit);
Outcome completed();
/// The run is discarded for `why`. What it was told last is passed on: a wait that the provider asked for, and a
/// refusal of the grant, which is counted and has its second look after `backoff`.
Outcome given_up(const Error& why, const Result<void>& heard, Attempt attempt, double unit);

/// From so many ends with its worker in a row on, a connection is under suspicion and runs without another suspect
/// beside it: those that merely shared the worker clear themselves by their own verdicts.
inline constexpr int suspicious_ends = 2;
/// So many in a row, and it is not tried again before a person has looked at it.
inline constexpr int fatal_ends = 5;
/// The verdict that replaces the run of such a connection; nothing = it may run.
std::optional<Outcome> poisoned(int unsettled_claims, int grant_refusals);

/// Runs in a row in which the grant was refused before a person is asked to connect again.
inline constexpr int proofs_of_a_dead_grant = 2;
/// Seconds on top of what a snooze has to wait at least, so that those who wait do not come back all at once.
inline constexpr double snooze_spread = 5;

inline constexpr std::chrono::seconds longest_wait = std::chrono::hours(7 * 24);

}  // namespace calsync::sync
