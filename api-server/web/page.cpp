// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/page.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "api-server/web/assets.hpp"

namespace calsync::api::web {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

Response html_response(int status, const Html& html) {
  Response response;
  response.status = status;
  response.body = html.str();
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy", std::string(policy)},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  return response;
}

Html head(const std::string& title) {
  Html html;
  html << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
       << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
       << "<meta name=\"color-scheme\" content=\"light dark\"><title>" << text(title) << " · calsync</title>"
       << "<link rel=\"stylesheet\"" << href(asset_path("page.css")) << "><link rel=\"icon\" type=\"image/svg+xml\""
       << href(asset_path("icon.svg")) << "><script defer" << source(asset_path("page.js"))
       << "></script></head><body>";
  return html;
}

struct Tab {
  Room room;
  Literal address;
  Literal label;
};

Html navigation(const Visitor& visitor, Room here) {
  constexpr std::array<Tab, 5> tabs{{{Room::overview, "/admin", "Overview"},
                                     {Room::connections, "/admin/connections", "Connections"},
                                     {Room::events, "/admin/events", "Failed events"},
                                     {Room::jobs, "/admin/jobs", "Job runs"},
                                     {Room::audit, "/admin/audit", "Audit"}}};
  Html html;
  html << "<a class=\"skip\" href=\"#content\">Skip to the content</a><header><p class=\"brand\">calsync</p>"
       << "<nav aria-label=\"Rooms\"><ul>";
  for (const Tab& one : tabs) {
    html << "<li><a" << href(one.address);
    if (one.room == here) html << " aria-current=\"page\"";
    html << ">" << one.label << "</a></li>";
  }
  html << "</ul></nav><div class=\"who\"><span>" << text(visitor.name) << "</span>";
  html << post_form(visitor, "/admin/logout", "<button class=\"plain\">Log out</button>") << "</div></header>";
  return html;
}

std::string in_units(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 2 * 86400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

Html labelled(Literal label, Literal name) {
  Html html;
  html << "<label" << attribute("for", "field-" + std::string(name.str())) << ">" << label << "</label>";
  return html;
}

Attribute field_id(Literal name) { return attribute("id", "field-" + std::string(name.str())); }

}  // namespace

Response page(const Visitor& visitor, Room room, const std::string& title, const Html& body, int status) {
  Html html = head(title);
  html << navigation(visitor, room) << "<main id=\"content\"><h1>" << text(title) << "</h1>";
  if (!visitor.message.empty()) html << "<p class=\"message\" role=\"status\">" << text(visitor.message) << "</p>";
  html << body << "</main></body></html>\n";
  return html_response(status, html);
}

Response bare_page(const std::string& title, const Html& body, int status) {
  Html html = head(title);
  html << "<main id=\"content\" class=\"bare\"><p class=\"brand\">calsync</p><h1>" << text(title) << "</h1>" << body
       << "</main></body></html>\n";
  return html_response(status, html);
}

Response problem_page(int status, const std::string& what, const std::string& advice) {
  Html body;
  body << "<p>" << text(advice) << "</p><p>" << link("/admin", "To the overview") << "</p>";
  return bare_page(what, body, status);
}

Response redirect(const Path& path) {
  Response response = html_response(303, {});
  response.headers.emplace_back("Location", path.str());
  return response;
}

std::string distance(Time time, Time now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - time).count();
  return seconds < 0 ? "in " + in_units(-seconds) : in_units(seconds) + " ago";
}

Html moment(const std::optional<Time>& time, Time now) {
  if (!time) return "<span class=\"none\">never</span>";
  const std::string exact = format_rfc3339(std::chrono::floor<std::chrono::seconds>(*time));
  Html html;
  html << "<time" << attribute("datetime", exact) << attribute("title", exact) << ">" << text(distance(*time, now))
       << "</time>";
  return html;
}

std::string duration_text(Duration duration) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(duration).count();
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  if (milliseconds < 60000) return fmt::format("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100);
  const auto minutes = milliseconds / 60000;
  if (minutes < 60) return fmt::format("{} min {} s", minutes, milliseconds % 60000 / 1000);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

Html said(std::string_view raw) {
  if (raw.empty()) return "<span class=\"none\">none</span>";
  Html html;
  html << "<bdi>" << text(raw) << "</bdi>";
  return html;
}

void Table::row(const std::vector<Html>& cells) {
  if (cells.size() != heads_.size()) throw std::logic_error("a row has another number of cells than its table");
  body_ << "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    body_ << "<td" << attribute("data-label", heads_[i].str()) << "><div>" << cells[i] << "</div></td>";
  body_ << "</tr>";
  ++rows_;
}

Html Table::html(Literal nothing) const {
  Html html;
  if (empty()) {
    html << "<p class=\"none\">" << nothing << "</p>";
    return html;
  }
  html << "<div class=\"scroll\"><table class=\"cards\"><caption>" << caption_ << "</caption><thead><tr>";
  for (const Literal& one : heads_) html << "<th scope=\"col\">" << one << "</th>";
  html << "</tr></thead><tbody>" << body_ << "</tbody></table></div>";
  return html;
}

void Facts::put(const Html& name, const Html& value) {
  body_ << "<div><dt>" << name << "</dt><dd>" << value << "</dd></div>";
}

Html Facts::html() const {
  Html html;
  html << "<dl>" << body_ << "</dl>";
  return html;
}

Html link(const Path& path, const Html& label) {
  Html html;
  html << "<a" << href(path) << ">" << label << "</a>";
  return html;
}

Html section(Literal heading, const Html& body) {
  Html html;
  html << "<section><h2>" << heading << "</h2>" << body << "</section>";
  return html;
}

Html live_section(Literal name, Literal heading, const Html& body) {
  Html html;
  html << "<section" << attribute("id", name.str()) << " data-live><h2>" << heading << "</h2>" << body << "</section>";
  return html;
}

Html post_form(const Visitor& visitor, const Path& path, const Html& inside) {
  Html html;
  html << "<form method=\"post\"" << action(path) << ">" << hidden("csrf", visitor.csrf) << inside << "</form>";
  return html;
}

Html hidden(Literal name, std::string_view value) {
  Html html;
  html << "<input type=\"hidden\"" << attribute("name", name.str()) << attribute("value", value) << ">";
  return html;
}

Html choice(Literal label, Literal name, const std::vector<Option>& options, std::string_view chosen) {
  Html html;
  html << "<div class=\"field\">" << labelled(label, name) << "<select" << field_id(name)
       << attribute("name", name.str()) << ">";
  for (const Option& one : options) {
    html << "<option" << attribute("value", one.value);
    if (one.value == chosen) html << " selected";
    html << ">" << text(one.label) << "</option>";
  }
  html << "</select></div>";
  return html;
}

Html text_field(Literal label, Literal name, std::string_view value, std::size_t longest) {
  Html html;
  html << "<div class=\"field\">" << labelled(label, name) << "<input type=\"text\" autocomplete=\"off\""
       << field_id(name) << attribute("name", name.str()) << attribute("value", value) << " maxlength=\"" << longest
       << "\"></div>";
  return html;
}

Html reason_field() {
  Html html;
  html << "<div class=\"field wide\"><label for=\"field-reason\">Reason, for the audit</label>"
       << "<input type=\"text\" id=\"field-reason\" name=\"reason\" autocomplete=\"off\" required maxlength=\""
       << longest_reason << "\"></div>";
  return html;
}

}  // namespace calsync::api::web
