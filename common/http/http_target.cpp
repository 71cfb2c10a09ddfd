// SPDX-License-Identifier: Apache-2.0
#include "common/http/http_target.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>

#include "common/calendar/ical_text.hpp"
#include "common/http/http_syntax.hpp"
#include "common/net/url.hpp"

namespace calsync::http {
namespace {

constexpr std::size_t longest_host = 255;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || stop != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

bool is_clean_segment(std::string_view text) {
  return calendar::is_utf8(text) && std::none_of(text.begin(), text.end(), is_control);
}

/// Line breaks are allowed here: a provider's error_description may hold some.
bool is_clean_value(std::string_view text) {
  return text.find('\0') == std::string_view::npos && calendar::is_utf8(text);
}

bool read_segments(std::string_view path, Request& request) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash));
    if (!segment || !is_clean_segment(*segment)) return false;
    request.segments.push_back(*std::move(segment));
    path.remove_prefix(std::min(slash, path.size()));
  }
  return true;
}

bool read_query(std::string_view text, Request& request) {
  auto query = net::parse_query(text);
  if (!query) return false;
  for (const auto& [name, value] : *query) {
    if (!is_clean_value(name) || !is_clean_value(value)) return false;
  }
  request.query = *std::move(query);
  return true;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return text.empty() || (error == std::errc() && stop == text.data() + text.size() && port <= 65535);
}

bool is_ipv6(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return false;  // a zone means something on its own machine only
  boost::system::error_code error;
  boost::asio::ip::make_address_v6(std::string(text), error);
  return !error;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_host && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

std::optional<std::string_view> read_target(std::string_view target, Request& request) {
  if (!target.starts_with('/')) return "the request target does not begin with a slash";
  const bool visible = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!visible) return "the request target holds blanks, control characters or bytes outside ASCII";
  if (target.find('#') != std::string_view::npos) return "the request target has a fragment";
  request.target = target;
  const auto question = target.find('?');
  if (!read_segments(target.substr(0, question), request)) return "the path has a bad escape or is not UTF-8 text";
  if (question != std::string_view::npos && !read_query(target.substr(question + 1), request)) {
    return "the query has a bad escape or is not UTF-8 text";
  }
  return std::nullopt;
}

bool is_host(std::string_view value) {
  if (value.starts_with('[')) {
    const auto end = value.find(']');
    if (end == std::string_view::npos || !is_ipv6(value.substr(1, end - 1))) return false;
    const std::string_view rest = value.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = value.find(':');
  if (!is_host_name(value.substr(0, colon))) return false;
  return colon == std::string_view::npos || is_port(value.substr(colon + 1));
}

}  // namespace calsync::http
