// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/json_view.hpp"

#include <map>

#include "api-server/web/page.hpp"
#include "common/base/json.hpp"

namespace calsync::api::web {
namespace {

/// Values as people read them: texts without quotes.
std::map<std::string, std::string> members(const std::string& object) {
  std::map<std::string, std::string> found;
  const auto document = json::parse(object);
  if (!document || !document->IsObject()) return found;
  for (const auto& one : document->GetObject()) {
    const std::string name(one.name.GetString(), one.name.GetStringLength());
    found[name] = one.value.IsString() ? std::string(one.value.GetString(), one.value.GetStringLength())
                  : one.value.IsNull() ? "nothing"
                                       : json::dump(one.value);
  }
  return found;
}

}  // namespace

Html changes_view(const std::string& before, const std::string& after) {
  const auto was = members(before);
  const auto is = members(after);
  std::map<std::string, std::string> names = is;
  names.insert(was.begin(), was.end());
  if (names.empty()) return {};
  Html html;
  html << "<ul class=\"changes\">";
  for (const auto& [name, ignored] : names) {
    html << "<li><code>" << text(name) << "</code>: ";
    if (was.contains(name)) html << said(was.at(name)) << " → ";
    html << (is.contains(name) ? said(is.at(name)) : Html("…")) << "</li>";
  }
  html << "</ul>";
  return html;
}

Html members_view(const std::string& object) {
  const auto found = members(object);
  if (found.empty()) return "<span class=\"none\">everything</span>";
  Html html;
  for (const auto& [name, value] : found)
    html << (html.empty() ? Html() : Html(", ")) << text(name) << " " << said(value);
  return html;
}

}  // namespace calsync::api::web
