// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/net/http.hpp"

namespace calsync::microsoft {

/// What Graph's error envelope says; everything may be empty (proxies answer HTML or nothing at all).
struct ErrorBody {
  std::vector<std::string> codes{};  ///< the outer one first, then those inside innerError
  std::string message{};
};
ErrorBody parse_error_body(std::string_view body);

/// What was asked, as far as it decides the meaning of a refusal.
enum class Asked {
  calendars,  ///< a 403 is about the grant
  delta,      ///< a 410 is about the link
  event,      ///< anything below a calendar
};

/// The failure behind an answer that is no success. Codes decide, in any case of letters, never messages. The sentence
/// names the status, the code and the request-id that Microsoft's support asks for; Retry-After is kept in full.
Error api_error(const net::HttpResponse& response, Asked asked, Time now);
/// Graph's own name for the request; "" = the answer gives none.
std::string request_id(const net::HttpResponse& response);

}  // namespace calsync::microsoft
