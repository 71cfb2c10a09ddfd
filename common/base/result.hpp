// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace calsync {

/// What went wrong, named by what to do next. The engine switches on this and on nothing else.
enum class Failure {
  token_rejected,   ///< the provider refused the access token: refresh once, then treat as grant_dead
  grant_dead,       ///< the refresh token is gone: a person has to connect again
  scope_missing,    ///< the grant lacks a scope: a person has to connect again
  throttled,        ///< slow down; retry_after says how long when the provider said so
  quota_exhausted,  ///< a daily or anti-abuse limit: hours, not seconds
  unavailable,      ///< the provider answers 5xx
  network,          ///< no connection, or it broke
  timeout,          ///< a deadline passed
  malformed,        ///< the answer cannot be understood
  rejected,         ///< the provider refused a request that should have been right
  not_found,        ///< the calendar, event or feed is not there (any more)
  cursor_expired,   ///< the incremental position is unusable: read that calendar in full
  conflict,         ///< somebody else changed it
  misconfigured,    ///< the operator's mistake (client id, API disabled, missing key): never the user's
  lease_lost,       ///< another worker, or nobody, owns this run now
  database,         ///< Postgres refused or vanished
  cancelled,        ///< we are stopping
  postponed,        ///< we hold back ourselves, for a quota or a provider that is away; retry_after says for how long
  invalid_input,    ///< the caller's request is wrong
  internal          ///< a bug
};

/// The slug of contract section 5: the `code` of `last_error` and `error_code` of a log line.
std::string_view error_code(Failure failure);

/// Whose limit it is that a throttled or quota_exhausted call ran into.
enum class LimitScope { account, project };

struct Error {
  Failure failure = Failure::internal;
  std::string message;                                ///< one sentence for an operator, without secrets
  std::optional<std::chrono::seconds> retry_after{};  ///< what the provider asked for
  LimitScope limit = LimitScope::account;
  int status = 0;            ///< of the provider's answer; 0 = there was none
  std::string request_id{};  ///< the provider's name for the request, for its support; "" = it gave none
};

/// "code: sentence", the format of `last_error`.
std::string describe(const Error& error);

/// Expected failures travel as values; a broken database or a bug is an exception.
template <class T>
using Result = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// Shorthand for the failing side of a Result.
Error fail(Failure failure, std::string message, std::optional<std::chrono::seconds> retry_after = {});

}  // namespace calsync
