// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <cctype>

namespace calsync::net {
namespace {

namespace urls = boost::urls;

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

Error invalid(std::string why) { return fail(Failure::invalid_input, std::move(why)); }

bool names_a_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

/// The decoded host: a percent-encoded byte may not smuggle a delimiter past those who compare or resolve it.
Result<std::string> host_of(const urls::url_view& url) {
  switch (url.host_type()) {
    case urls::host_type::ipv6:
      return lower_case(std::string_view(url.host_address()));
    case urls::host_type::ipv4:
    case urls::host_type::name: {
      std::string host = lower_case(std::string_view(url.host_address()));
      if (host.empty()) return invalid("the URL has no host");
      if (!names_a_host(host)) return invalid("the URL's host has characters that no host name has");
      return host;
    }
    case urls::host_type::none:
    case urls::host_type::ipvfuture:
      break;
  }
  return invalid("the URL has no usable host");
}

Result<std::string> port_of(const urls::url_view& url, std::string_view scheme) {
  if (!url.has_port() || url.port().empty()) return std::string(scheme == "https" ? "443" : "80");
  // port_number() is 0 for a port that does not fit in 16 bits.
  if (url.port_number() == 0) return invalid("the URL's port must be between 1 and 65535");
  return std::to_string(url.port_number());
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode_form_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid("a percent sign in the query is not followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

}  // namespace

std::string Url::origin() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return scheme + "://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
}

Result<Url> parse_url(std::string_view text) {
  const auto parsed = urls::parse_uri(text);
  if (!parsed) return invalid("this is not an absolute URL (RFC 3986)");
  Url url;
  url.scheme = lower_case(std::string_view(parsed->scheme()));
  if (url.scheme != "https" && url.scheme != "http") return invalid("the URL must begin with https:// or http://");
  if (!parsed->has_authority()) return invalid("the URL has no host");
  if (parsed->has_userinfo()) return invalid("the URL must not contain a user name or password");
  if (parsed->has_fragment()) return invalid("the URL must not contain '#'; inside a path it is written %23");
  auto host = host_of(*parsed);
  if (!host) return host.error();
  auto port = port_of(*parsed, url.scheme);
  if (!port) return port.error();
  url.host = *std::move(host);
  url.port = *std::move(port);
  url.target = std::string(std::string_view(parsed->encoded_resource()));
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

std::string feed_url(std::string_view text, bool allow_insecure) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::string(text);
  const std::string scheme = lower_case(text.substr(0, colon));
  const std::string rest(text.substr(colon));
  if (scheme == "webcals") return "https" + rest;
  if (scheme == "webcal") return (allow_insecure ? "http" : "https") + rest;
  return std::string(text);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string query_string(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

Result<Parameters> parse_query(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    auto name = decode_form_text(piece.substr(0, equals));
    if (!name) return name.error();
    auto value = decode_form_text(equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1));
    if (!value) return value.error();
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

std::string with_query(std::string url, const Parameters& parameters) {
  if (parameters.empty()) return url;
  const auto mark = url.find('?');
  if (mark == std::string::npos) {
    url += '?';
  } else if (mark + 1 < url.size() && !url.ends_with('&')) {
    url += '&';
  }
  return url + query_string(parameters);
}

}  // namespace calsync::net
