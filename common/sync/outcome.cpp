// SPDX-License-Identifier: Apache-2.0
#include "common/sync/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace calsync::sync {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds first_step{15};
constexpr Seconds cap{3600};
constexpr Seconds until_a_person_acts{365.0 * 24 * 3600};
/// A second refusal of the grant, a minute later, is the second proof that it is dead.
constexpr Seconds second_look{60};
/// A permanent-looking refusal is retried for about a day before it waits for a person.
constexpr int patience = 30;

Seconds exponential(int error_count, double unit) {
  const double step = first_step.count() * std::exp2(std::min(error_count, 12));
  return std::max(Seconds(1), Seconds(std::min(cap.count(), step) * unit));
}

Outcome retry(const Error& error, Seconds backoff, int refusals = 0) {
  return {Verdict::retry, describe(error), backoff, refusals};
}

Outcome suspend(const Error& error, int refusals = 0) {
  return {Verdict::suspend, describe(error), until_a_person_acts, refusals};
}

Seconds until_second_look(double unit) { return second_look + Seconds(10 * unit); }

/// Jitter comes on top: never a call before Retry-After ends.
Seconds asked_for(std::chrono::seconds retry_after, double unit) {
  const Seconds wait = std::min(Seconds(retry_after), Seconds(longest_wait));
  return wait + Seconds(std::clamp(wait.count() * 0.1, 1.0, 60.0) * unit);
}

/// A provider that asks for no wait at all, again and again, is not taken at its word.
Seconds later(const Error& error, Seconds ours, double unit) {
  return error.retry_after ? std::max(asked_for(*error.retry_after, unit), ours) : ours;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::complete:
      return "complete";
    case Verdict::retry:
      return "retry";
    case Verdict::snooze:
      return "snooze";
    case Verdict::suspend:
      return "suspend";
    case Verdict::discard:
      return "discard";
  }
  return "retry";
}

Outcome completed() { return {}; }

std::optional<Outcome> poisoned(int unsettled_claims, int grant_refusals) {
  if (unsettled_claims < fatal_ends) return std::nullopt;
  return suspend(
      fail(Failure::internal,
           fmt::format("the last {} runs of this connection ended with their worker, without a verdict; look "
                       "into the workers' last lines, then clear backoff_until",
                       unsettled_claims)),
      grant_refusals);
}

namespace {

Outcome judge(const Error& error, Attempt attempt, double unit) {
  switch (error.failure) {
    case Failure::lease_lost:
    case Failure::cancelled:
      return {Verdict::discard, describe(error), Seconds(0), attempt.grant_refusals};
    case Failure::postponed: {
      const Seconds wait = error.retry_after.value_or(std::chrono::seconds(1));
      const Seconds spread(std::max(snooze_spread, wait.count() * 0.1));
      return {Verdict::snooze, describe(error), wait + spread * unit, attempt.grant_refusals};
    }
    case Failure::grant_dead:
    case Failure::token_rejected:
    case Failure::scope_missing: {
      const int refusals = attempt.grant_refusals + 1;
      if (refusals >= proofs_of_a_dead_grant) return suspend(error, refusals);
      // A grant that gives tokens which are refused is never refused itself: without this it would be tried each
      // minute for ever, and nobody would hear of it.
      const bool useless = error.failure == Failure::token_rejected && attempt.refused_before;
      if (useless && attempt.error_count + 1 >= patience) return suspend(error, refusals);
      const Seconds look = until_second_look(unit);
      return retry(error, useless ? std::max(look, exponential(attempt.error_count, unit)) : look, refusals);
    }
    case Failure::quota_exhausted:
      return retry(error, error.retry_after ? asked_for(*error.retry_after, unit) : Seconds(3600 + 3600 * unit));
    case Failure::misconfigured:
      return retry(error, Seconds(300 + 300 * unit), attempt.grant_refusals);
    case Failure::rejected:
    case Failure::not_found:
    case Failure::malformed:
    case Failure::invalid_input:
    case Failure::internal:
      if (attempt.error_count + 1 >= patience) return suspend(error);
      [[fallthrough]];
    case Failure::throttled:
    case Failure::unavailable:
    case Failure::network:
    case Failure::timeout:
    case Failure::cursor_expired:
    case Failure::conflict:
    case Failure::database:
      return retry(error, later(error, exponential(attempt.error_count, unit), unit), attempt.grant_refusals);
  }
  return retry(error, exponential(attempt.error_count, unit));
}

/// A postponement is our own, not the provider's.
Seconds pause_of(const Error& error, double unit) {
  const bool asked = error.retry_after && error.failure != Failure::postponed;
  return asked ? asked_for(*error.retry_after, unit) : Seconds(0);
}

}  // namespace

Outcome decide(const Error& error, Attempt attempt, double unit) {
  Outcome outcome = judge(error, attempt, unit);
  outcome.pause = pause_of(error, unit);
  outcome.provider_status = error.status;
  outcome.provider_request_id = error.request_id;
  return outcome;
}

Outcome given_up(const Error& why, const Result<void>& heard, Attempt attempt, double unit) {
  Outcome outcome{Verdict::discard, describe(why), Seconds(0), attempt.grant_refusals};
  if (heard) return outcome;
  outcome.pause = pause_of(heard.error(), unit);
  const int refusals = judge(heard.error(), attempt, unit).grant_refusals;
  if (refusals > attempt.grant_refusals) {
    outcome.grant_refusals = refusals;
    outcome.backoff = until_second_look(unit);
  }
  return outcome;
}

}  // namespace calsync::sync
