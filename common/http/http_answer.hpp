// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/time.hpp"
#include "common/http/http_message.hpp"

namespace calsync::http {

/// "Tue, 19 Nov 2026 01:13:52 GMT" (RFC 9110 section 5.6.7).
std::string http_date(Time time);

/// False for 1xx, 204 and 304, which have neither body nor Content-Length (RFC 9110 section 8.6).
bool may_have_body(int status);

/// Throws std::logic_error when a handler's header would break the answer's framing or forge another header: a name
/// that is no token, a control character in a value, a header that the server alone writes, a status that is none.
void check_answer(const Response& response);

/// Status line and headers of an answer that passed check_answer, with their empty line. Content-Length is the body's,
/// whether the body is sent or not (HEAD).
std::string answer_head(const Response& response, bool keep_alive, Time now);

}  // namespace calsync::http
