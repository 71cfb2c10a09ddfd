// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/http/http_message.hpp"

namespace calsync::http {

Response json_response(int status, std::string body);
/// {"error": sentence, "code": slug, …extra}
Response error_response(int status, std::string_view code, std::string_view sentence,
                        const std::vector<Header>& extra = {});

/// Prometheus' text format.
Response metrics_response(std::string text);

/// The one map from Failure to HTTP. The code is the failure's slug, for the caller's own mistakes "invalid_request";
/// `retry_after` becomes Retry-After.
///
/// | failure | status |
/// |---|---|
/// | invalid_input | 400 |
/// | not_found | 404 |
/// | conflict | 409 |
/// | throttled, quota_exhausted | 429 |
/// | misconfigured, internal | 500 |
/// | whatever the provider, the network or the database did | 503 |
Response from_error(const Error& error);

/// What the router checks before a handler runs: a body is empty, or a JSON object declared as application/json.
/// Nothing = so it is; otherwise 415 unsupported_media_type or 400 invalid_json.
std::optional<Response> refuse_content(const Request& request);

enum class EmptyBody { allowed, refused };
/// The body as a JSON object whose members are all in `known` and come once each; an empty body counts as {} where it
/// is allowed. failure invalid_input with the sentence for the caller.
Result<json::Document> json_body(const Request& request, const std::set<std::string>& known,
                                 EmptyBody empty = EmptyBody::allowed);

}  // namespace calsync::http
