// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api-server/http.hpp"

namespace calsync::api {

/// One cookie per connect attempt, so that two attempts in one browser do not disturb each other.
std::string connect_cookie_name(const std::string& state);
/// A Set-Cookie value (RFC 6265): HttpOnly, SameSite=Lax (the provider's redirect is a top-level navigation), our paths
/// only.
std::string connect_cookie(const std::string& name, const std::string& value, int seconds, bool secure);
/// "" when the browser sent none of that name.
std::string cookie_value(const Request& request, const std::string& name);

}  // namespace calsync::api
