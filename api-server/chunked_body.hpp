// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace calsync::api {

/// Decodes a chunked body (RFC 9112 section 7.1) from bytes as they come. Beast 1.81's decoder asserts on bodies that are cut
/// at certain places and merges trailers into the headers; this one does neither: trailers are read and forgotten.
class ChunkedBody {
 public:
  explicit ChunkedBody(std::size_t limit) : limit_(limit) {}
  enum class State { more, done, malformed, too_large };
  /// Takes what it can from the front of `bytes` and says how many bytes it took.
  State feed(std::string_view bytes, std::size_t& taken);
  std::string take() { return std::move(body_); }

 private:
  enum class Step { size, data, after_data, trailer };
  State read_line(std::string_view line);
  std::size_t limit_;
  Step step_ = Step::size;
  std::string line_;
  std::size_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string body_;
};

}  // namespace calsync::api
