// SPDX-License-Identifier: Apache-2.0
#include "common/net/chunked_body.hpp"

#include <algorithm>
#include <charconv>

namespace calsync::net {
namespace {

constexpr std::size_t max_line = 8 * 1024;      // a size with its extensions, or one trailer field
constexpr std::size_t max_trailer = 64 * 1024;  // as much as the header may have

Error bad_chunk(const char* why) {
  return fail(Failure::malformed, std::string("the chunked body of the answer is broken: ") + why);
}

/// chunk-size [ BWS ";" … ], nothing else behind the digits.
std::optional<std::uint64_t> chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc()) return std::nullopt;
  auto rest = line.substr(static_cast<std::size_t>(end - line.data()));
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.empty() && rest.front() != ';') return std::nullopt;
  return size;
}

}  // namespace

Result<std::size_t> ChunkedBody::feed(std::string_view bytes, std::string& out) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !done()) {
    const auto rest = bytes.substr(taken);
    if (part_ != Part::content) {
      const auto line = take_line(rest, out.size());
      if (!line) return line.error();
      taken += *line;
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
    out.append(rest.substr(0, count));
    taken += count;
    left_ -= count;
    if (left_ == 0) part_ = Part::content_end;
  }
  return taken;
}

Result<std::size_t> ChunkedBody::take_line(std::string_view bytes, std::size_t content_so_far) {
  const auto newline = bytes.find('\n');
  const auto count = newline == std::string_view::npos ? bytes.size() : newline + 1;
  if (line_.size() + count > max_line) return bad_chunk("a line is too long");
  line_.append(bytes.substr(0, count));
  if (newline == std::string_view::npos) return count;
  const auto ended = end_line(content_so_far);
  line_.clear();
  if (!ended) return ended.error();
  return count;
}

Result<void> ChunkedBody::end_line(std::size_t content_so_far) {
  if (!line_.ends_with("\r\n")) return bad_chunk("a line ends without CRLF");
  if (part_ == Part::size) return begin_chunk(content_so_far);
  const bool empty = line_.size() == 2;
  if (part_ == Part::content_end) {
    if (!empty) return bad_chunk("a chunk is longer than its size");
    part_ = Part::size;
    return {};
  }
  trailer_bytes_ += line_.size();
  if (trailer_bytes_ > max_trailer) return bad_chunk("the trailer is too long");
  if (empty) part_ = Part::done;
  return {};
}

Result<void> ChunkedBody::begin_chunk(std::size_t content_so_far) {
  const auto size = chunk_size(std::string_view(line_).substr(0, line_.size() - 2));
  if (!size) return bad_chunk("a size is not a number");
  if (*size > max_body_ - std::min(content_so_far, max_body_)) {
    return fail(Failure::malformed, "the answer is larger than " + std::to_string(max_body_) + " bytes");
  }
  left_ = *size;
  part_ = *size == 0 ? Part::trailer : Part::content;
  return {};
}

}  // namespace calsync::net
