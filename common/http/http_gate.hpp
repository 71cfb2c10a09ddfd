// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/http/http_message.hpp"

namespace calsync::http {

/// A request head that passed the gate: unambiguous framing and nothing else.
struct RequestHead {
  Request request{};
  std::optional<std::uint64_t> content_length{};
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

/// Why a request is refused; the connection closes after the answer.
struct FramingError {
  int status = 400;
  std::string sentence{};
};

/// Judges the bytes of one request head, up to and including its empty line, before anything else reads them. Beast
/// 1.81's parser accepts framing that RFC 9112 forbids (a Transfer-Encoding beside a Content-Length, unknown codings,
/// folded lines, two Hosts), each a way to smuggle a request past a proxy; so heads are read by this function alone:
/// HTTP/1.1, or 1.0 without Transfer-Encoding; exactly one Host; Transfer-Encoding absent or exactly "chunked", never
/// beside Content-Length; no folded lines, bare CR, bare LF or control characters; at most 100 headers; an origin-form
/// target. The status is 400, or 431 (too many headers), 501 (transfer coding), 417 (expectation), 505 (version).
std::variant<RequestHead, FramingError> parse_head(std::string_view bytes);

/// What is wrong already with a head of which only the beginning has come: a byte that no head may hold, or a line that
/// does not end in CRLF. Looks at `bytes` from `from` on, so that bytes that come singly are looked at once each.
std::optional<FramingError> judge_beginning(std::string_view bytes, std::size_t from);

/// The `code` of an answer that refuses a request before a handler sees it.
std::string_view refusal_code(int status);

}  // namespace calsync::http
