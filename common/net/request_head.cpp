// SPDX-License-Identifier: Apache-2.0
#include "common/net/request_head.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace calsync::net {
namespace {

bool is_token(std::string_view text) {
  // RFC 9110 section 5.6.2
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [marks](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || marks.find(static_cast<char>(c)) != std::string_view::npos);
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const Header& header) { return same_name(header.first, name); });
}

/// Framing and connection headers would contradict what the transport does; Authorization has its own, secret member.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 11> ours{
      "host",    "content-length", "transfer-encoding", "connection",         "keep-alive", "te", "trailer",
      "upgrade", "expect",         "authorization",     "proxy-authorization"};
  return std::any_of(ours.begin(), ours.end(), [&](std::string_view one) { return same_name(name, one); });
}

Error refuse(std::string message) { return fail(Failure::invalid_input, std::move(message)); }

/// Messages name what is wrong but never repeat it: a URL or a header value may hold a secret.
Result<void> check(const HttpRequest& request, const Url& url) {
  if (!is_token(request.method)) return refuse("the request method is not a token");
  if (!url.target.starts_with('/') || !is_visible(url.target) || !is_visible(request.url)) {
    return refuse("the request URL has blanks, control or non-ASCII characters");
  }
  if (url.host.empty() || !is_visible(url.host) || !is_visible(url.port))
    return refuse("the host of the URL is invalid");
  if (!is_field_value(request.authorization.reveal()) || !is_field_value(request.content_type)) {
    return refuse("the authorization or content type has control characters");
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return refuse("a request header's name is not a token");
    if (is_ours(name)) return refuse("the request header '" + name + "' is set by the transport");
    if (!is_field_value(value)) return refuse("the request header '" + name + "' has control characters");
  }
  return {};
}

std::string host_field(const Url& url) {
  std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const bool usual = url.port == (url.scheme == "https" ? "443" : "80");
  return usual ? host : host + ":" + url.port;
}

/// RFC 9110 section 8.6: methods that are expected to carry content say so even when it is empty.
bool says_length(const HttpRequest& request) {
  const auto& method = request.method;
  return !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
}

std::size_t room_for(const HttpRequest& request, const Url& url, std::string_view user_agent) {
  std::size_t room = 256 + request.method.size() + url.target.size() + url.host.size() + user_agent.size() +
                     request.authorization.reveal().size() + request.content_type.size();
  for (const auto& [name, value] : request.headers) room += name.size() + value.size() + 4;
  return room;
}

}  // namespace

Result<Secret> request_head(const HttpRequest& request, const Url& url, std::string_view user_agent) {
  const auto valid = check(request, url);
  if (!valid) return valid.error();
  std::string text;
  text.reserve(room_for(request, url, user_agent));  // a growing string would leave copies of the token behind
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(request.method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
  line("Host", host_field(url));
  if (!has_header(request, "user-agent")) line("User-Agent", user_agent);
  if (!has_header(request, "accept-encoding")) line("Accept-Encoding", "gzip");
  if (!request.authorization.empty()) line("Authorization", request.authorization.reveal());
  if (!request.content_type.empty()) line("Content-Type", request.content_type);
  if (says_length(request)) line("Content-Length", std::to_string(request.body.reveal().size()));
  for (const auto& [name, value] : request.headers) line(name, value);
  text.append("\r\n");
  return Secret(std::move(text));
}

}  // namespace calsync::net
