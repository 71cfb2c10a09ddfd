// SPDX-License-Identifier: Apache-2.0
#include "graph_body_text.hpp"

#include <utility>

#include "tests/emulator/text.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::pair<std::string_view, std::string_view> entities[] = {{"&lt;", "<"},  {"&gt;", ">"},   {"&quot;", "\""},
                                                                      {"&#39;", "'"}, {"&nbsp;", " "}, {"&amp;", "&"}};

bool breaks_line(std::string_view tag) {
  const std::string name = lower(tag.substr(0, tag.find_first_of(" />\t\r\n", 1)));
  return name == "br" || name == "/p" || name == "/div";
}

}  // namespace

std::string html_of_text(std::string_view text) {
  if (text.empty()) return "";
  std::string html =
      "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body><div>";
  const std::string escaped = escape_html(text);
  for (const char c : escaped) {
    if (c == '\n') html += "<br>";
    html += c;
  }
  return html + "</div></body></html>";
}

std::string text_of_html(std::string_view html) {
  std::string text;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      const std::size_t end = html.find('>', at);
      if (end == html.npos) break;
      const std::string_view tag = html.substr(at + 1, end - at - 1);
      at = end + 1;
      if (!breaks_line(tag)) continue;
      text += '\n';
      if (at < html.size() && html[at] == '\n') ++at;
      continue;
    }
    bool entity = false;
    for (const auto& [name, value] : entities) {
      if (!html.substr(at).starts_with(name)) continue;
      text += value;
      at += name.size();
      entity = true;
      break;
    }
    if (!entity) text += html[at++];
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace calsync::emulator::microsoft
