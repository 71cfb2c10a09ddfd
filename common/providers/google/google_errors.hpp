// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/net/http.hpp"

namespace calsync::google {

/// What Google's error envelope says; every field may be "" (proxies answer HTML or nothing at all).
struct ErrorBody {
  std::string reason{};    ///< error.errors[0].reason, else error.details[].reason, else error.status
  std::string specific{};  ///< error.details[].reason, which the front end fills in beside a vaguer first reason
  std::string message{};
  std::string location{};  ///< the parameter or header that is at fault
};
ErrorBody parse_error_body(std::string_view body);

/// What was asked, as far as it decides the meaning of a refusal.
enum class Asked {
  full_read,    ///< no sync token was sent
  incremental,  ///< a sync token was sent: an unexplained 410 is about the token
};

/// The failure behind an answer that is not 200. The message names the status and Google's reason; Retry-After, as
/// seconds or as a date relative to `now`, is kept in full, and so is the status, as evidence.
Error api_error(const net::HttpResponse& response, Asked asked, Time now);

}  // namespace calsync::google
