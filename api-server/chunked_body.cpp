// SPDX-License-Identifier: Apache-2.0
#include "api-server/chunked_body.hpp"

#include <algorithm>
#include <charconv>

namespace calsync::api {
namespace {

constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_trailer_bytes = 8192;

}  // namespace

ChunkedBody::State ChunkedBody::read_line(std::string_view line) {
  switch (step_) {
    case Step::size: {
      const std::string_view digits = line.substr(0, line.find(';'));
      std::size_t size = 0;
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
      if (digits.empty() || digits.size() > 8 || error != std::errc() || stop != digits.data() + digits.size()) return State::malformed;
      if (body_.size() + size > limit_) return State::too_large;
      left_ = size;
      step_ = size == 0 ? Step::trailer : Step::data;
      return State::more;
    }
    case Step::after_data:
      step_ = Step::size;
      return line.empty() ? State::more : State::malformed;
    case Step::trailer:
      trailer_bytes_ += line.size() + 2;
      if (line.empty()) return State::done;
      return trailer_bytes_ > most_trailer_bytes ? State::malformed : State::more;
    case Step::data:
      break;
  }
  return State::malformed;
}

ChunkedBody::State ChunkedBody::feed(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  while (taken < bytes.size()) {
    if (step_ == Step::data) {
      const std::size_t count = std::min(left_, bytes.size() - taken);
      body_.append(bytes.substr(taken, count));
      taken += count;
      left_ -= count;
      if (left_ == 0) step_ = Step::after_data;
      continue;
    }
    const char c = bytes[taken++];
    line_ += c;
    if (line_.size() > longest_line) return State::malformed;
    if (c != '\n') continue;
    if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return State::malformed;
    const std::string line = line_.substr(0, line_.size() - 2);
    line_.clear();
    if (line.find('\r') != std::string::npos) return State::malformed;
    const State state = read_line(line);
    if (state != State::more) return state;
  }
  return State::more;
}

}  // namespace calsync::api
