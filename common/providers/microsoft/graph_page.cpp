// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/graph_page.hpp"

namespace calsync::microsoft {
namespace {

/// 200 of the largest events that people have (40 KB) fit into the transport's 16 MiB.
constexpr const char* preferences =
    "odata.maxpagesize=200, outlook.timezone=\"UTC\", outlook.body-content-type=\"text\", IdType=\"ImmutableId\"";

Error unreadable_page() {
  return fail(Failure::malformed, "Microsoft answered 200 with a page that is not a JSON object");
}

}  // namespace

net::HttpRequest graph_request(std::string method, std::string url, const providers::Session& session) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = {{"Accept", "application/json"}, {"Prefer", preferences}};
  request.authorization = Secret("Bearer " + std::string(session.credential.reveal()));
  return request;
}

net::HttpRequest graph_post(std::string url, Secret body, const providers::Session& session) {
  net::HttpRequest request = graph_request("POST", std::move(url), session);
  request.body = std::move(body);
  request.content_type = "application/json";
  return request;
}

std::string api_url(const std::string& api, std::string_view path) {
  std::string root = api;
  while (root.ends_with('/')) root.pop_back();
  return root.append(path);
}

bool stays_at(const std::string& api, std::string_view link) {
  const auto own = net::parse_url(api);
  const auto other = net::parse_url(link);
  return own && other && own->origin() == other->origin();
}

Result<SplitPage> split_page(std::string_view body) {
  const auto members = json::member_slices(body);
  if (!members) return unreadable_page();
  SplitPage page;
  std::string envelope;
  bool listed = false;
  for (const auto& [key, value] : *members) {
    if (key == "value") {
      auto items = json::element_slices(value);
      if (!items) return fail(Failure::malformed, "Microsoft answered 200 with a value that is not a list");
      page.items = *std::move(items);
      listed = true;
      continue;
    }
    envelope += envelope.empty() ? "{\"" : ",\"";
    envelope.append(key).append("\":").append(value);
  }
  if (!listed) return fail(Failure::malformed, "Microsoft answered 200 with a page that has no value");
  envelope += envelope.empty() ? "{}" : "}";
  auto parsed = json::parse(envelope);
  if (!parsed) return unreadable_page();
  page.envelope = *std::move(parsed);
  return page;
}

Result<PageLinks> page_links(const json::Value& envelope, const std::string& api, std::string_view from) {
  PageLinks links{json::text_at(envelope, "@odata.nextLink"), json::text_at(envelope, "@odata.deltaLink")};
  if (!links.next.empty() && !links.delta.empty())
    return fail(Failure::malformed, "Microsoft answered a page with both a nextLink and a deltaLink");
  for (const std::string& link : {links.next, links.delta}) {
    if (!link.empty() && !stays_at(api, link))
      return fail(Failure::malformed, "Microsoft answered a page whose link leads to another host");
  }
  if (!links.next.empty() && links.next == from)
    return fail(Failure::malformed, "Microsoft answered a page that names itself as the next one");
  return links;
}

}  // namespace calsync::microsoft
