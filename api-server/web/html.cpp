// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/html.hpp"

#include <algorithm>

#include "common/net/url.hpp"

namespace calsync::api::web {
namespace {

/// What a browser would take for markup, and what it cannot show.
std::string_view escape_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '`':
      return "&#96;";
    case '\t':
    case '\n':
      return {};
    default:
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? std::string_view("\xef\xbf\xbd") : std::string_view();
  }
}

}  // namespace

Text::Text(std::string_view raw) {
  escaped_.reserve(raw.size() + raw.size() / 8);
  for (const char c : raw) {
    const std::string_view escape = escape_of(c);
    escape.empty() ? escaped_.push_back(c) : static_cast<void>(escaped_.append(escape));
  }
}

Path Path::checked(std::string_view target) {
  const bool local =
      target.starts_with('/') && !target.starts_with("//") &&
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  Path path("/");
  if (local) path.text_ = target;
  return path;
}

Path Path::segment(std::string_view value) const {
  Path longer = *this;
  longer.text_.append("/").append(net::percent_encode(value));
  return longer;
}

Path Path::then(Literal more) const {
  Path longer = *this;
  longer.text_.append(more.str());
  return longer;
}

Path Path::with(Literal name, std::string_view value) const {
  if (value.empty()) return *this;
  Path longer = *this;
  longer.text_.append(text_.find('?') == std::string::npos ? "?" : "&").append(name.str()).append("=");
  longer.text_.append(net::percent_encode(value));
  return longer;
}

}  // namespace calsync::api::web
