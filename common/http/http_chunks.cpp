// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_chunks.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/http/http_syntax.hpp"

namespace calsync::http {
namespace {

constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_trailer_bytes = 8 * 1024;
constexpr std::size_t most_framing = 8;  ///< bytes a byte of the largest body
constexpr std::size_t framing_besides = 16 * 1024;
constexpr std::size_t most_digits = 8;

/// The length of the quoted string at the front (RFC 9110 section 5.6.4); 0 = there is none.
std::size_t quoted_size(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return 0;
}

/// `*( ";" token [ "=" ( token / quoted-string ) ] )`, without the blanks that section 7.1.1 calls bad.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    if (!text.starts_with(';') || !is_field_value(text)) return false;
    text.remove_prefix(1);
    const auto name = std::min(text.find_first_of(";="), text.size());
    if (!is_token(text.substr(0, name))) return false;
    text.remove_prefix(name);
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    const std::size_t quoted = quoted_size(text);
    const std::size_t value = quoted != 0 ? quoted : std::min(text.find(';'), text.size());
    if (quoted == 0 && !is_token(text.substr(0, value))) return false;
    text.remove_prefix(value);
  }
  return true;
}

/// Trailers are not kept, but one about framing or routing must not be there at all (RFC 9110 section 6.5.1): a reader
/// that merges trailers would find another request.
bool is_trailer(std::string_view line) {
  constexpr std::array<std::string_view, 4> forbidden{"connection", "content-length", "host", "transfer-encoding"};
  if (!is_field_line(line)) return false;
  const std::string name = lower_case(line.substr(0, line.find(':')));
  return std::find(forbidden.begin(), forbidden.end(), name) == forbidden.end();
}

}  // namespace

ChunkDecoder::State ChunkDecoder::feed(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  State state = State::more;
  while (taken < bytes.size() && state == State::more) {
    if (step_ != Step::content) {
      state = take_line(bytes.substr(taken), taken);
      continue;
    }
    const std::size_t count = std::min(left_, bytes.size() - taken);
    body_.append(bytes.substr(taken, count));
    taken += count;
    left_ -= count;
    if (left_ == 0) step_ = Step::content_end;
  }
  return state;
}

ChunkDecoder::State ChunkDecoder::take_line(std::string_view bytes, std::size_t& taken) {
  const auto newline = bytes.find('\n');
  const std::size_t count = newline == std::string_view::npos ? bytes.size() : newline + 1;
  taken += count;
  framing_ += count;
  line_.append(bytes.substr(0, std::min(count, longest_line + 1)));
  if (line_.size() > longest_line || framing_ > limit_ * most_framing + framing_besides) return State::malformed;
  if (newline == std::string_view::npos) return State::more;
  if (!line_.ends_with("\r\n")) return State::malformed;
  const State state = end_line(std::string_view(line_).substr(0, line_.size() - 2));
  line_.clear();
  return state;
}

ChunkDecoder::State ChunkDecoder::end_line(std::string_view line) {
  if (step_ == Step::size) return begin_chunk(line);
  if (step_ == Step::content_end) {
    step_ = Step::size;
    return line.empty() ? State::more : State::malformed;
  }
  if (line.empty()) return State::done;
  trailers_ += line.size();
  return is_trailer(line) && trailers_ <= most_trailer_bytes ? State::more : State::malformed;
}

ChunkDecoder::State ChunkDecoder::begin_chunk(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find(';'));
  std::size_t size = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  const bool is_number = error == std::errc() && stop == digits.data() + digits.size();
  if (!is_number || digits.size() > most_digits || !are_extensions(line.substr(digits.size()))) return State::malformed;
  if (size > limit_ - body_.size()) return State::too_large;
  left_ = size;
  step_ = size == 0 ? Step::trailer : Step::content;
  return State::more;
}

}  // namespace calsync::http
