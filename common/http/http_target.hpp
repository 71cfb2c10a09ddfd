// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "common/http/http_message.hpp"

namespace calsync::http {

/// Fills target, segments and query from an origin-form request target (RFC 9112 section 3.2.1). Nothing = it is fine,
/// otherwise the sentence that says what is wrong. Each segment and each query part is percent-decoded exactly once;
/// what comes out must be UTF-8 without NUL (Postgres takes no other text), in segments without any control character.
std::optional<std::string_view> read_target(std::string_view target, Request& request);

/// A Host value (RFC 9110 section 7.2): a name of letters, digits, '-', '.', '_', or an address, IPv6 in brackets; with
/// or without a port.
bool is_host(std::string_view value);

}  // namespace calsync::http
