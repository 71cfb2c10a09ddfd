// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/cookies.hpp"

#include <fmt/format.h>

#include "common/base/crypto.hpp"

namespace calsync::api {

std::string connect_cookie_name(const std::string& state) {
  return "calsync_connect_" + sha256_hex(state).substr(0, 16);
}

std::string connect_cookie(const std::string& name, const std::string& value, int seconds, bool secure) {
  return fmt::format("{}={}; Path=/api/auth; Max-Age={}; HttpOnly; SameSite=Lax{}", name, value, seconds,
                     secure ? "; Secure" : "");
}

std::string cookie_value(const Request& request, const std::string& name) {
  std::string_view rest = request.header("cookie");
  while (!rest.empty()) {
    const auto end = rest.find(';');
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace calsync::api
