// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_page.hpp"

namespace calsync::google {
namespace {

Error unreadable_page() {
  return fail(Failure::malformed, "Google answered 200 with a page that is not a JSON object");
}

}  // namespace

net::Parameters with_position(net::Parameters parameters, const ReadPosition& position) {
  if (!position.cursor.empty()) parameters.emplace_back("syncToken", position.cursor);
  if (!position.page.empty()) parameters.emplace_back("pageToken", position.page);
  return parameters;
}

net::HttpRequest api_get(const std::string& api, const std::string& path, const net::Parameters& parameters,
                         const providers::Session& session) {
  net::HttpRequest request;
  std::string root = api;
  while (root.ends_with('/')) root.pop_back();
  request.url = net::with_query(root + path, parameters);
  request.headers = {{"Accept", "application/json"}};
  request.authorization = Secret("Bearer " + std::string(session.credential.reveal()));
  return request;
}

net::HttpRequest api_post(const std::string& api, const std::string& path, Secret body,
                          const providers::Session& session) {
  net::HttpRequest request = api_get(api, path, {}, session);
  request.method = "POST";
  request.body = std::move(body);
  request.content_type = "application/json";
  return request;
}

Result<SplitPage> split_page(std::string_view body) {
  const auto members = json::member_slices(body);
  if (!members) return unreadable_page();
  SplitPage page;
  std::string envelope;
  for (const auto& [key, value] : *members) {
    if (key == "items") {
      auto items = json::element_slices(value);
      if (!items) return fail(Failure::malformed, "Google answered 200 with items that are not a list");
      page.items = *std::move(items);
      continue;
    }
    envelope += envelope.empty() ? "{\"" : ",\"";
    envelope.append(key).append("\":").append(value);
  }
  envelope += envelope.empty() ? "{}" : "}";
  auto parsed = json::parse(envelope);
  if (!parsed) return unreadable_page();
  page.envelope = *std::move(parsed);
  return page;
}

Result<PageTokens> page_tokens(const json::Document& envelope, const ReadPosition& position, CursorAtEnd at_end) {
  PageTokens tokens{json::text_at(envelope, "nextPageToken"), json::text_at(envelope, "nextSyncToken")};
  if (tokens.next_page.empty() && tokens.next_cursor.empty() && at_end == CursorAtEnd::optional) return tokens;
  if (tokens.next_page.empty() == tokens.next_cursor.empty()) {
    return fail(Failure::malformed, tokens.next_page.empty()
                                        ? "Google answered a page with neither nextPageToken nor nextSyncToken"
                                        : "Google answered a page with both nextPageToken and nextSyncToken");
  }
  if (!tokens.next_page.empty() && tokens.next_page == position.page) {
    return fail(Failure::malformed, "Google answered a page that names itself as the next one");
  }
  return tokens;
}

}  // namespace calsync::google
