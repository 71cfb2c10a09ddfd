// SPDX-License-Identifier: Apache-2.0
#include "common/net/redirect.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/url.hpp"

namespace calsync::net {
namespace {

namespace urls = boost::urls;

/// RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_with_slash = false;
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    ends_with_slash = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_with_slash) kept.push_back(segment);
  }
  std::string clean;
  for (const auto segment : kept) clean.append("/").append(segment);
  return ends_with_slash || clean.empty() ? clean + "/" : clean;
}

/// The path of `reference` seen from `base` (section 5.2.3).
std::string merged_path(const urls::url_view& base, const urls::url_view& reference) {
  const std::string path(reference.encoded_path());
  if (reference.has_authority() || path.starts_with('/')) return without_dot_segments(path);
  const std::string from(base.encoded_path());
  if (path.empty()) return from;
  return without_dot_segments(from.substr(0, from.rfind('/') + 1) + path);
}

/// RFC 3986 section 5.2, without the fragment, which never goes over the wire. Our own, because Boost.URL 1.81's
/// resolve decodes %2F into a slash and so asks for something else.
std::optional<std::string> resolve_location(std::string_view base_text, std::string_view location) {
  const auto base = urls::parse_uri(base_text);
  const auto reference = urls::parse_uri_reference(location);
  if (!base || !reference || (reference->has_scheme() && !reference->has_authority())) return std::nullopt;
  const bool same_place = !reference->has_authority() && reference->encoded_path().empty() && !reference->has_query();
  const urls::url_view& query = same_place ? *base : *reference;
  std::string target(reference->has_scheme() ? reference->scheme() : base->scheme());
  target += "://";
  target += reference->has_authority() ? reference->encoded_authority() : base->encoded_authority();
  target += merged_path(*base, *reference);
  if (query.has_query()) target.append("?").append(query.encoded_query());
  return target;
}

bool is_cookie(const Header& header) {
  std::string name = header.first;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name == "cookie";
}

}  // namespace

bool redirects(const HttpRequest& request, const HttpResponse& response) {
  const int status = response.status;
  const bool moved = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  const bool safe = request.method == "GET" || request.method == "HEAD";
  return request.follow_redirects && safe && moved && !response.header("location").empty();
}

Result<HttpRequest> redirected(HttpRequest request, const HttpResponse& response) {
  const auto from = parse_url(request.url);
  if (!from) return from.error();
  auto location = resolve_location(request.url, response.header("location"));
  if (!location) return fail(Failure::malformed, "it redirects to something that is not a URL");
  const auto to = parse_url(*location);
  if (!to) return fail(Failure::malformed, "it redirects to a URL that cannot be used");
  if (from->scheme == "https" && to->scheme != "https") {
    return fail(Failure::misconfigured, "it redirects from https to http, which is not followed");
  }
  if (from->origin() != to->origin()) {
    request.authorization = Secret();
    request.body = Secret();
    request.content_type.clear();
    std::erase_if(request.headers, is_cookie);
  }
  request.url = *std::move(location);
  return request;
}

}  // namespace calsync::net
