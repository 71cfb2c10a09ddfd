// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/net/http.hpp"

namespace calsync::net {

inline constexpr std::size_t max_response_head = 64 * 1024;

/// Status line and header of an answer, and how its body ends (RFC 9112 section 6.3).
struct ResponseHead {
  enum class Body { none, sized, chunked, until_close };
  int status = 0;
  std::vector<Header> headers{};
  Body body = Body::none;
  std::uint64_t length = 0;  ///< of a sized body
  bool keep_alive = false;
};

/// `text` ends with the empty line. failure malformed: no HTTP/1.0 or 1.1, two lengths, a transfer coding other than
/// chunked.
Result<ResponseHead> parse_response_head(std::string_view text, bool head_request);

}  // namespace calsync::net
