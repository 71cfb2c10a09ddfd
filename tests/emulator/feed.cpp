// SPDX-License-Identifier: Apache-2.0
#include "feed.hpp"

#include "clock.hpp"
#include "digest.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

// If-None-Match compares weakly (RFC 9110 section 13.1.2).
bool lists_etag(std::string_view header, std::string_view etag) {
  for (std::string_view candidate : split(header, ',')) {
    candidate = trim(candidate);
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == etag || candidate == "*") return true;
  }
  return false;
}

}  // namespace

Feed& FeedStore::put(const std::string& name, std::string text) {
  Feed& feed = feeds_[name];
  feed.etag = '"' + hex(sha256(text)).substr(0, 32) + '"';
  feed.text = std::move(text);
  feed.modified_ms = now_ms();
  feed.gone_status = 0;
  return feed;
}

Feed* FeedStore::find(std::string_view name) {
  const auto found = feeds_.find(name);
  return found == feeds_.end() ? nullptr : &found->second;
}

std::string FeedStore::free_name(std::string_view wanted) const {
  std::string name;
  for (const char c : wanted) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    name += plain ? c : '-';
  }
  if (name.ends_with(".ics") || name.ends_with(".ICS")) name.resize(name.size() - 4);
  if (name.empty()) name = "feed";
  std::string candidate = name;
  for (int i = 2; feeds_.contains(candidate); ++i) candidate = name + "-" + std::to_string(i);
  return candidate;
}

Response FeedStore::answer(const Request& request) {
  std::string name = request.segments.size() == 2 ? request.segments[1] : "";
  if (name.ends_with(".ics")) name.resize(name.size() - 4);
  Feed* feed = find(name);
  if (!feed || feed->gone_status != 0)
    return html_response(feed ? feed->gone_status : 404, "<html><body>There is no such calendar.</body></html>");
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = html_response(405, "");
    response.header("Allow", "GET, HEAD");
    return response;
  }
  Response response;
  response.content_type = feed->content_type;
  const std::int64_t modified = feed->modified_ms / 1000;
  if (feed->sends_etag) response.header("ETag", feed->etag);
  if (feed->sends_last_modified) response.header("Last-Modified", http_date(modified));
  bool unchanged = false;
  if (!request.if_none_match.empty()) {
    unchanged = feed->sends_etag && lists_etag(request.if_none_match, feed->etag);
  } else if (!request.if_modified_since.empty() && feed->sends_last_modified) {
    const auto since = parse_http_date(request.if_modified_since);
    unchanged = since && modified <= *since;
  }
  if (std::exchange(feed->ignores_validators, false)) unchanged = false;
  if (unchanged) {
    response.status = 304;
  } else {
    response.body = feed->text;
  }
  return response;
}

}  // namespace calsync::emulator
