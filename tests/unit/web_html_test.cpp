// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "api-server/web/html.hpp"
#include "api-server/web/page.hpp"

using namespace calsync;
using namespace calsync::api::web;

namespace {

template <class T>
concept Writable = requires(Html html, T what) { html << what; };

std::string written(const Html& html) { return html.str(); }

}  // namespace

// Forgetting to escape does not compile.
static_assert(Writable<Text> && Writable<Attribute> && Writable<Html> && Writable<int> && Writable<std::int64_t>);
static_assert(!Writable<std::string> && !Writable<std::string_view> && !Writable<bool> && !Writable<char>);
static_assert(!std::is_constructible_v<Html, std::string> && !std::is_constructible_v<Literal, std::string>);
static_assert(!std::is_constructible_v<Path, std::string> && !std::is_constructible_v<AttributeName, std::string>);
static_assert(!std::is_constructible_v<Html, char (&)[8]> && !std::is_constructible_v<Path, char (&)[8]>);
static_assert(!std::is_convertible_v<std::string, Text>);

TEST_CASE("text is made harmless between tags and in attributes", "[web]") {
  CHECK(text("<b>&\"'`</b>").escaped() == "&lt;b&gt;&amp;&quot;&#39;&#96;&lt;/b&gt;");
  CHECK(text("&lt;").escaped() == "&amp;lt;");
  CHECK(text("Zoë 🎉\tline\nline").escaped() == "Zoë 🎉\tline\nline");
  CHECK(text(std::string_view("a\0b\x1b\x7f", 5)).escaped() == "a\ufffdb\ufffd\ufffd");
  Html html;
  html << "<i" << attribute("title", "\" onclick=\"alert(1)") << ">" << text("</i><script>") << "</i>";
  CHECK(written(html) == "<i title=\"&quot; onclick=&quot;alert(1)\">&lt;/i&gt;&lt;script&gt;</i>");
}

TEST_CASE("whatever the text, its markup holds no character that a browser reads as markup", "[web]") {
  for (int c = 0; c < 256; ++c) {
    const std::string raw = std::string("x") + static_cast<char>(c) + "y";
    const std::string escaped = text(raw).escaped();
    CHECK(escaped.find_first_of("<>\"'`") == std::string::npos);
  }
}

TEST_CASE("addresses are of our own server, part by part", "[web]") {
  const Path path = Path("/admin/connections").segment("a/b?c").then("/do").with("q", "x&y=\"z\"").with("none", "");
  CHECK(path.str() == "/admin/connections/a%2Fb%3Fc/do?q=x%26y%3D%22z%22");
  Html html;
  html << "<a" << href(path.with("more", "1")) << ">";
  CHECK(written(html) == "<a href=\"/admin/connections/a%2Fb%3Fc/do?q=x%26y%3D%22z%22&amp;more=1\">");
  CHECK(Path::checked("/admin/audit?q=1").str() == "/admin/audit?q=1");
  for (const char* elsewhere : {"//evil.example", "https://evil.example", "/\\evil.example", "", "/a b", "/a\r\nX: y"})
    CHECK(Path::checked(elsewhere).str() == "/");
}

TEST_CASE("a table has as many cells as heads, and says so when it is empty", "[web]") {
  Table table("Things", {"One", "Two"});
  CHECK(written(table.html("There is none.")) == "<p class=\"none\">There is none.</p>");
  CHECK_THROWS_AS(table.row({text("a")}), std::logic_error);
  table.row({text("<a>"), text("b")});
  CHECK(written(table.html("")).find("<td data-label=\"One\"><div>&lt;a&gt;</div></td>") != std::string::npos);
}

TEST_CASE("times are told as distances with the exact time beside", "[web]") {
  using namespace std::chrono_literals;
  const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
  CHECK(distance(now - 5s, now) == "5 s ago");
  CHECK(distance(now - 3min, now) == "3 min ago");
  CHECK(distance(now + 5h, now) == "in 5 h");
  CHECK(distance(now - 240h, now) == "10 d ago");
  CHECK(written(moment(std::nullopt, now)).find("never") != std::string::npos);
  CHECK(written(moment(now, now)).find("datetime=\"2026-03-02T00:00:00Z\"") != std::string::npos);
  CHECK(duration_text(420ms) == "420 ms");
  CHECK(duration_text(61s) == "1 min 1 s");
  CHECK(duration_text(65min) == "1 h 5 min");
}
