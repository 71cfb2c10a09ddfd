// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace calsync::net {

struct Url {
  std::string scheme;          ///< lower case
  std::string host;            ///< lower case, without brackets
  std::string port;            ///< always given: "443" or "80" by default
  std::string target;          ///< path and query, at least "/"
  std::string origin() const;  ///< "https://host:port", brackets round IPv6
};

/// An absolute http(s) URL without user info or fragment. failure invalid_input says what is wrong, without quoting the
/// URL: a feed's address is a secret.
Result<Url> parse_url(std::string_view text);
/// `webcal:` and `webcals:` are http(s) with another name: both become https, and `webcal:` becomes http where
/// `allow_insecure`. Blanks around the URL are dropped; any other text is returned as it is.
std::string feed_url(std::string_view text, bool allow_insecure);
/// One path segment or query value: everything but RFC 3986 unreserved characters is percent-encoded.
std::string percent_encode(std::string_view text);
using Parameters = std::vector<std::pair<std::string, std::string>>;
/// "a=1&b=2", percent-encoded.
std::string query_string(const Parameters& parameters);
/// Inverse of query_string (application/x-www-form-urlencoded: '+' is a blank). failure invalid_input on bad escapes.
Result<Parameters> parse_query(std::string_view text);
std::string with_query(std::string url, const Parameters& parameters);

}  // namespace calsync::net
