// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace calsync::net {

/// Decodes a chunked body (RFC 9112 section 7.1) however the bytes are cut up. Our own, because Beast 1.81's decoder
/// runs into an assertion when the last chunk arrives in certain pieces: an honest answer would be lost. Extensions and
/// trailers are read over.
class ChunkedBody {
 public:
  explicit ChunkedBody(std::size_t max_body) : max_body_(max_body) {}

  /// Appends content to `out`; the number of bytes taken, fewer than given only when done(). failure malformed: bad
  /// framing, or `out` would grow beyond the limit.
  Result<std::size_t> feed(std::string_view bytes, std::string& out);
  bool done() const { return part_ == Part::done; }

 private:
  enum class Part { size, content, content_end, trailer, done };

  Result<std::size_t> take_line(std::string_view bytes, std::size_t content_so_far);
  Result<void> end_line(std::size_t content_so_far);
  Result<void> begin_chunk(std::size_t content_so_far);

  std::size_t max_body_;
  Part part_ = Part::size;
  std::uint64_t left_ = 0;  ///< content bytes of the current chunk still to come
  std::size_t trailer_bytes_ = 0;
  std::string line_;
};

}  // namespace calsync::net
