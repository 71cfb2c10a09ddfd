// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net/http.hpp"

namespace calsync::net {

inline constexpr int max_redirects = 3;

/// Whether this answer sends the request elsewhere and the request allows following: GET or HEAD, `follow_redirects`,
/// status 301, 302, 303, 307 or 308 with a Location (RFC 9110 section 15.4).
bool redirects(const HttpRequest& request, const HttpResponse& response);

/// The request for the place the answer names, resolved against the request's URL. On another origin it has neither
/// authorization, cookies nor body. failure misconfigured: from https to http; failure malformed: no usable http(s)
/// URL.
Result<HttpRequest> redirected(HttpRequest request, const HttpResponse& response);

}  // namespace calsync::net
