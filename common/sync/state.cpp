// SPDX-License-Identifier: Apache-2.0
#include "common/sync/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace calsync::sync {
namespace {

/// A backoff of this length is not a pause before a retry.
constexpr std::chrono::hours suspended_beyond{24 * 30};
constexpr std::chrono::minutes grace{1};

std::string_view code_of(const ConnectionFacts& facts) {
  return std::string_view(facts.last_error).substr(0, facts.last_error.find(':'));
}

template <std::size_t Count>
bool among(std::string_view code, const std::array<std::string_view, Count>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

constexpr std::array<std::string_view, 2> of_the_grant{"invalid_token", "insufficient_scope"};
constexpr std::array<std::string_view, 2> of_the_pace{"rate_limited", "quota_exceeded"};
constexpr std::array<std::string_view, 3> of_an_outage{"provider_unavailable", "network_error", "timeout"};
constexpr std::array<std::string_view, 3> of_the_operator{"configuration_error", "database_error", "internal_error"};

bool put_off(const ConnectionFacts& facts, Time now) {
  return facts.backoff_until && *facts.backoff_until - now > suspended_beyond;
}

/// A verdict that waits for a person has had its two proofs.
bool grant_proved_dead(const ConnectionFacts& facts, Time now) {
  return among(code_of(facts), of_the_grant) && (facts.grant_refusals >= proofs_of_a_dead_grant || put_off(facts, now));
}

ConnectionState state_of_failure(const ConnectionFacts& facts, Time now) {
  const std::string_view code = code_of(facts);
  if (code == "configuration_error") return ConnectionState::delayed;
  if (put_off(facts, now)) return ConnectionState::suspended;
  if (among(code, of_the_pace)) return ConnectionState::throttled;
  if (among(code, of_an_outage)) return ConnectionState::provider_down;
  return ConnectionState::delayed;
}

}  // namespace

std::string_view state_name(ConnectionState state) {
  switch (state) {
    case ConnectionState::disabled:
      return "disabled";
    case ConnectionState::needs_reauth:
      return "needs_reauth";
    case ConnectionState::delayed:
      return "delayed";
    case ConnectionState::suspended:
      return "suspended";
    case ConnectionState::throttled:
      return "throttled";
    case ConnectionState::provider_down:
      return "provider_down";
    case ConnectionState::active:
      return "active";
  }
  return "delayed";
}

std::optional<Time> late_since(const ConnectionFacts& facts, Time now) {
  const std::optional<Time>& start = facts.last_synced_at ? facts.last_synced_at : facts.created_at;
  if (!start) return std::nullopt;
  const Time late = *start + 2 * std::chrono::minutes(facts.sync_frequency_minutes) + grace;
  return late < now ? std::optional(late) : std::nullopt;
}

ConnectionState derive_state(const ConnectionFacts& facts, Time now) {
  if (!facts.sync_enabled || facts.awaiting_confirmation) return ConnectionState::disabled;
  if (grant_proved_dead(facts, now)) return ConnectionState::needs_reauth;
  if (facts.error_count > 0 || !facts.last_error.empty()) return state_of_failure(facts, now);
  if (put_off(facts, now)) return ConnectionState::suspended;
  const bool held = facts.backoff_until && *facts.backoff_until > now;
  const bool late = late_since(facts, now).has_value();
  return held || late || facts.failing_calendars > 0 ? ConnectionState::delayed : ConnectionState::active;
}

std::string_view owner_name(ErrorOwner owner) {
  switch (owner) {
    case ErrorOwner::none:
      return "none";
    case ErrorOwner::user:
      return "user";
    case ErrorOwner::operators:
      return "operator";
    case ErrorOwner::provider:
      return "provider";
  }
  return "none";
}

ErrorOwner error_owner(const ConnectionFacts& facts, Time now) {
  const std::string_view code = code_of(facts);
  switch (derive_state(facts, now)) {
    case ConnectionState::active:
    case ConnectionState::disabled:
      return ErrorOwner::none;
    case ConnectionState::needs_reauth:
      return ErrorOwner::user;
    case ConnectionState::throttled:
    case ConnectionState::provider_down:
      return ErrorOwner::provider;
    case ConnectionState::suspended:
    case ConnectionState::delayed:
      break;
  }
  if (among(code, of_the_grant)) return ErrorOwner::none;  // one refusal proves nothing yet
  if (!code.empty()) return among(code, of_the_operator) ? ErrorOwner::operators : ErrorOwner::provider;
  const bool held = facts.backoff_until && *facts.backoff_until > now;
  return !held && facts.failing_calendars > 0 ? ErrorOwner::provider : ErrorOwner::operators;
}

StateChange state_after(const Outcome& outcome, int failing_calendars, Time now) {
  ConnectionFacts facts;
  facts.last_synced_at = now;
  facts.last_error = outcome.last_error;
  facts.grant_refusals = outcome.grant_refusals;
  facts.failing_calendars = failing_calendars;
  if (outcome.verdict != Verdict::complete)
    facts.backoff_until = now + std::chrono::ceil<std::chrono::seconds>(outcome.backoff);
  std::string reason = outcome.last_error;
  if (reason.empty() && failing_calendars > 0)
    reason = fmt::format("calendars that cannot be read: {}", failing_calendars);
  return {std::string(state_name(derive_state(facts, now))), std::move(reason)};
}

}  // namespace calsync::sync
