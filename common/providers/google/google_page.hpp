// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/json_slices.hpp"
#include "common/net/url.hpp"
#include "common/providers/provider.hpp"

namespace calsync::google {

/// Where a list call stands: a sync token ("" = a full read) and a page token ("" = the first page).
struct ReadPosition {
  std::string cursor{};
  std::string page{};
};

/// Adds syncToken and pageToken: a page token is only valid together with the parameters it was made for, the sync
/// token included.
net::Parameters with_position(net::Parameters parameters, const ReadPosition& position);

/// A GET of `path` under the API root for one account.
net::HttpRequest api_get(const std::string& api, const std::string& path, const net::Parameters& parameters,
                         const providers::Session& session);

/// A POST of JSON to `path` under the API root for one account.
net::HttpRequest api_post(const std::string& api, const std::string& path, Secret body,
                          const providers::Session& session);

/// A list answer: everything but its items, parsed, and the items as the bytes they came in. They point into the body.
struct SplitPage {
  json::Document envelope;
  std::vector<json::Slice> items;
};
/// failure malformed: not a JSON object, cut short, or `items` is not a list. No `items` = no changes.
Result<SplitPage> split_page(std::string_view body);

struct PageTokens {
  std::string next_page{};
  std::string next_cursor{};
};
enum class CursorAtEnd { required, optional };
/// Exactly one of nextPageToken and nextSyncToken ends a page; an answer with none would end the read without a new
/// cursor (which only a list that may be read whole each time can do without), and one that repeats its own page would
/// never end. failure malformed.
Result<PageTokens> page_tokens(const json::Document& envelope, const ReadPosition& position,
                               CursorAtEnd at_end = CursorAtEnd::required);

}  // namespace calsync::google
