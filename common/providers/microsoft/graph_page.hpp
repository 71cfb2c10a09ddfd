// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/json_slices.hpp"
#include "common/net/url.hpp"
#include "common/providers/provider.hpp"

// Graph's HTTP conventions.
namespace calsync::microsoft {

/// A request for one account with the preferences that decide what answers look like. Links keep neither of them, so
/// every request has all: times in UTC, bodies as text, ids that survive moves, large pages.
net::HttpRequest graph_request(std::string method, std::string url, const providers::Session& session);
net::HttpRequest graph_post(std::string url, Secret body, const providers::Session& session);

/// `path` under the API's root, which may end in a slash.
std::string api_url(const std::string& api, std::string_view path);

/// Whether a link that an answer, or the database, names leads to the API's own origin: the token goes nowhere else.
bool stays_at(const std::string& api, std::string_view link);

/// A list answer: everything but its items, parsed, and the items as the bytes they came in. They point into the body.
struct SplitPage {
  json::Document envelope;
  std::vector<json::Slice> items;
};
/// failure malformed: not a JSON object, cut short, or `value` is no list.
Result<SplitPage> split_page(std::string_view body);

struct PageLinks {
  std::string next{};
  std::string delta{};  ///< @odata.deltaLink
};
/// failure malformed: a link leads elsewhere, a page names itself (`from`) as the next one, or it names both.
Result<PageLinks> page_links(const json::Value& envelope, const std::string& api, std::string_view from);

}  // namespace calsync::microsoft
