// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/chunked_body.hpp"
#include "common/net/http.hpp"

namespace calsync::net {

/// Turns the bytes of a connection into one answer (RFC 9112), without doing I/O. The header may have 64 KiB, the body
/// `max_body` bytes, on the wire and decoded. Framing that could be read in two ways is refused. Trailers never become
/// headers.
class ResponseReader {
 public:
  ResponseReader(bool head_request, std::size_t max_body);

  /// Takes what arrived. True = the answer is complete. failure malformed: not HTTP/1.x, or too large.
  Result<bool> feed(std::string_view bytes);
  /// The peer ended the connection. Fine after the end or for a body without a length, otherwise failure network.
  Result<void> end();
  /// Failure network for a connection that broke while reading.
  Error broken_off(std::string_view cause) const;

  /// Any byte arrived.
  bool started() const { return started_; }
  /// Another request may follow on this connection: the answer is complete, the peer keeps the connection, and nothing
  /// came after the answer.
  bool reusable() const { return part_ == Part::complete && keep_alive_ && !excess_; }
  /// The complete answer with its content encoding undone; `url` is left empty. failure malformed: encoding unknown,
  /// broken, or the content is larger than the limit.
  Result<HttpResponse> take();

 private:
  enum class Part { head, sized, chunked, until_close, complete };

  Result<std::size_t> take_head(std::string_view bytes);
  Result<void> begin_body(std::string_view head);
  Result<std::size_t> take_body(std::string_view bytes);

  bool head_request_;
  std::size_t max_body_;
  bool started_ = false;
  bool keep_alive_ = false;
  bool excess_ = false;
  int interim_ = 0;
  Part part_ = Part::head;
  std::string head_;
  std::size_t left_ = 0;
  ChunkedBody chunks_;
  HttpResponse response_;
};

}  // namespace calsync::net
