// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace calsync::http {

/// Decodes a chunked request body (RFC 9112 section 7.1) from bytes as they come. Our own, because Beast 1.81's decoder
/// runs into an assertion when the last chunk arrives in certain pieces, and merges trailers into the headers. This one
/// keeps no trailer at all, and takes nothing that another reader might take differently: no blanks in a size line, no
/// line without CRLF, no malformed extension or trailer. Framing beyond 8 bytes for each byte of `limit` is malformed.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(std::size_t limit) : limit_(limit) {}
  enum class State { more, done, malformed, too_large };
  /// Takes what it can from the front of `bytes` and says how many bytes it took; all of them unless done or refused.
  State feed(std::string_view bytes, std::size_t& taken);
  /// The body, when done.
  std::string take() { return std::move(body_); }

 private:
  enum class Step { size, content, content_end, trailer };
  State take_line(std::string_view bytes, std::size_t& taken);
  State end_line(std::string_view line);
  State begin_chunk(std::string_view line);

  std::size_t limit_;
  Step step_ = Step::size;
  std::string line_;
  std::size_t left_ = 0;  ///< content bytes of this chunk still to come
  std::size_t framing_ = 0;
  std::size_t trailers_ = 0;
  std::string body_;
};

}  // namespace calsync::http
