// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "common/net/http.hpp"
#include "common/net/url.hpp"

namespace calsync::net {

/// The request line and header as they go over the wire, up to and with the empty line; a Secret because of the
/// authorization. Adds Host, User-Agent, Accept-Encoding: gzip, Authorization, Content-Type and Content-Length where
/// the caller gave none. failure invalid_input: a method, target, header name or value with characters that could end
/// its line (RFC 9112 section 11.1), or a header that is the transport's business (Host, Content-Length, Connection,
/// …).
Result<Secret> request_head(const HttpRequest& request, const Url& url, std::string_view user_agent);

}  // namespace calsync::net
