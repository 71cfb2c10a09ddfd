// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_gate.hpp"

#include <algorithm>
#include <charconv>

#include "common/http/http_syntax.hpp"
#include "common/http/http_target.hpp"

namespace calsync::http {
namespace {

using Wrong = std::optional<FramingError>;

constexpr std::size_t most_headers = 100;

/// The connection options (RFC 9110 section 7.6.1); nothing when one is no token. Empty elements are read over.
std::optional<std::vector<std::string>> read_options(std::string_view value) {
  std::vector<std::string> options;
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    const std::string_view option = trim(value.substr(0, comma));
    if (!option.empty() && !is_token(option)) return std::nullopt;
    options.push_back(lower_case(option));
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return options;
}

/// The next line without its CRLF; nothing when there is none, or when it holds a bare CR or LF.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const auto end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, end);
  if (line.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
  bytes.remove_prefix(end + 2);
  return line;
}

bool is_version(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  return text.size() == 8 && text.starts_with("HTTP/") && digit(5) && text[6] == '.' && digit(7);
}

Wrong read_request_line(std::string_view line, RequestHead& head, bool& old_version) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return FramingError{400, "the request line is malformed"};
  const std::string_view version = line.substr(last + 1);
  head.request.method = line.substr(0, first);
  if (!is_version(version) || !is_token(head.request.method)) {
    return FramingError{400, "the request line is malformed"};
  }
  old_version = version == "HTTP/1.0";
  if (!old_version && version != "HTTP/1.1") return FramingError{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  const auto wrong = read_target(line.substr(first + 1, last - first - 1), head.request);
  if (wrong) return FramingError{400, std::string(*wrong)};
  return std::nullopt;
}

Wrong read_header(std::string_view line, Request& request) {
  if (line.front() == ' ' || line.front() == '\t') return FramingError{400, "a header line is folded"};
  if (!is_field_line(line)) return FramingError{400, "a header line is malformed"};
  if (request.headers.size() == most_headers) return FramingError{431, "there are more than 100 headers"};
  const auto colon = line.find(':');
  request.headers.emplace_back(lower_case(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return std::nullopt;
}

/// How often each header came that decides about framing.
struct Counts {
  int host = 0;
  int content_length = 0;
  int transfer_encoding = 0;
};

Wrong read_length(std::string_view value, RequestHead& head) {
  std::uint64_t length = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || stop != value.data() + value.size()) {
    return FramingError{400, "Content-Length is not a number"};
  }
  head.content_length = length;
  return std::nullopt;
}

Wrong note_header(const Header& header, RequestHead& head, Counts& counts) {
  const auto& [name, value] = header;
  if (name == "host") {
    ++counts.host;
    if (!is_host(value)) return FramingError{400, "Host is malformed"};
  } else if (name == "content-length") {
    ++counts.content_length;
    return read_length(value, head);
  } else if (name == "transfer-encoding") {
    // Exactly so: a coding that a proxy in front may read in another way is no coding.
    ++counts.transfer_encoding;
    if (value != "chunked") return FramingError{501, "the only transfer coding is chunked"};
    head.chunked = true;
  } else if (name == "connection") {
    const auto options = read_options(value);
    if (!options) return FramingError{400, "Connection is malformed"};
    if (std::find(options->begin(), options->end(), "close") != options->end()) head.keep_alive = false;
  } else if (name == "expect") {
    if (lower_case(value) != "100-continue") return FramingError{417, "the expectation is not known"};
    head.expects_continue = true;
  }
  return std::nullopt;
}

Wrong judge_framing(RequestHead& head, bool old_version) {
  Counts counts;
  for (const Header& header : head.request.headers) {
    if (auto wrong = note_header(header, head, counts)) return wrong;
  }
  if (counts.host != 1) return FramingError{400, "there must be exactly one Host"};
  if (counts.content_length > 1) return FramingError{400, "there is more than one Content-Length"};
  if (counts.transfer_encoding > 1) return FramingError{400, "there is more than one Transfer-Encoding"};
  if (head.chunked && (head.content_length || old_version)) {
    return FramingError{400, "Transfer-Encoding stands where it must not"};
  }
  if (old_version) {
    // RFC 9110 section 10.1.1: a 1.0 client does not know interim answers.
    head.keep_alive = false;
    head.expects_continue = false;
  }
  return std::nullopt;
}

}  // namespace

std::variant<RequestHead, FramingError> parse_head(std::string_view bytes) {
  RequestHead head;
  bool old_version = false;
  const auto request_line = take_line(bytes);
  if (!request_line) return FramingError{400, "the request line is malformed"};
  if (auto wrong = read_request_line(*request_line, head, old_version)) return *wrong;
  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return FramingError{400, "a line of the head ends wrongly"};
    if (line->empty()) break;
    if (auto wrong = read_header(*line, head.request)) return *wrong;
  }
  if (!bytes.empty()) return FramingError{400, "the head goes on after its empty line"};
  if (auto wrong = judge_framing(head, old_version)) return *wrong;
  return head;
}

std::optional<FramingError> judge_beginning(std::string_view bytes, std::size_t from) {
  for (std::size_t i = from; i < bytes.size(); ++i) {
    const bool after_cr = i > 0 && bytes[i - 1] == '\r';
    const bool is_lf = bytes[i] == '\n';
    if (after_cr != is_lf) return FramingError{400, "a line of the head does not end in CRLF"};
    if (is_control(bytes[i]) && !is_lf && bytes[i] != '\r' && bytes[i] != '\t') {
      return FramingError{400, "the head holds control characters"};
    }
  }
  return std::nullopt;
}

std::string_view refusal_code(int status) {
  switch (status) {
    case 408:
      return "request_timeout";
    case 413:
      return "body_too_large";
    case 417:
      return "expectation_failed";
    case 431:
      return "head_too_large";
    case 501:
      return "transfer_coding_not_supported";
    case 503:
      return "overloaded";
    case 505:
      return "version_not_supported";
    default:
      return "bad_request";
  }
}

}  // namespace calsync::http
