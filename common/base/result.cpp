// SPDX-License-Identifier: Apache-2.0
#include "common/base/result.hpp"

#include <stdexcept>
#include <utility>

namespace calsync {

std::string_view error_code(Failure failure) {
  switch (failure) {
    case Failure::token_rejected:
      return "invalid_token";
    case Failure::grant_dead:
      return "invalid_token";
    case Failure::scope_missing:
      return "insufficient_scope";
    case Failure::throttled:
    case Failure::postponed:
      return "rate_limited";
    case Failure::quota_exhausted:
      return "quota_exceeded";
    case Failure::unavailable:
      return "provider_unavailable";
    case Failure::network:
      return "network_error";
    case Failure::timeout:
      return "timeout";
    case Failure::malformed:
      return "malformed_response";
    case Failure::rejected:
    case Failure::not_found:
    case Failure::invalid_input:
      return "provider_rejected";
    case Failure::cursor_expired:
      return "cursor_expired";
    case Failure::conflict:
      return "conflict";
    case Failure::misconfigured:
      return "configuration_error";
    case Failure::lease_lost:
    case Failure::cancelled:
      return "lease_lost";
    case Failure::database:
      return "database_error";
    case Failure::internal:
      return "internal_error";
  }
  return "internal_error";
}

std::string describe(const Error& error) { return std::string(error_code(error.failure)) + ": " + error.message; }

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(describe(error));
}

Error fail(Failure failure, std::string message, std::optional<std::chrono::seconds> retry_after) {
  return Error{failure, std::move(message), retry_after, LimitScope::account};
}

}  // namespace calsync
