// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/inputs.hpp"
#include "api-server/web/connection_filter.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "common/sync/explain.hpp"

namespace calsync::api::web {
namespace {

constexpr int lines_a_page = 50;

Html search_form(const FilterInput& filter) {
  Html html;
  html << "<form method=\"get\"" << action("/admin/connections") << " role=\"search\"><div class=\"fields\">"
       << filter.fields() << "<button>Search</button></div></form>";
  return html;
}

Html due(const sync::ConnectionFacts& facts, Time now) {
  if (facts.lease_until && *facts.lease_until > now) return "<span class=\"tag\">syncing</span>";
  return moment(facts.due_at, now);
}

Html connection_table(const store::ConnectionPage& found, const sync::GateSettings& gate) {
  Table table("Connections in the order of their ids",
              {"Account", "State", "Why", "Last success", "Due", "Owner", "Failed events"});
  for (const store::ConnectionLine& one : found.connections) {
    Html account;
    const std::string name = one.provider_email.empty() ? one.facts.connection.str() : one.provider_email;
    account << link(Path("/admin/connections").segment(one.facts.connection.str()), said(name))
            << "<br><span class=\"soft\">" << text(one.provider) << "</span>";
    Html failed;
    failed << one.failed_events;
    Html state = state_tag(one.state);
    if (one.channel_dead) state << " <span class=\"tag warn\">channel dead</span>";
    table.row({account, state, said(sync::explain(one.facts, gate, found.now).reason),
               moment(one.facts.last_synced_at, found.now), due(one.facts, found.now), said(one.owner_email), failed});
  }
  return table.html("No connection is like that.");
}

Task<Response> show_connections(const Pages& pages, Visitor visitor, Request request) {
  std::set<std::string> known = FilterInput::names();
  known.insert("after");
  const auto query = read_query(request, known);
  if (!query) co_return problem_page(400, "This address cannot be read.", query.error().message);
  const FilterInput input = FilterInput::read([&](const std::string& name) { return query->text(name).value_or(""); });
  const auto filter = input.checked();
  const auto after = query->id<ConnectionId>("after");
  if (!filter || !after) {
    const std::string problem = filter ? after.error().message : filter.error().message;
    Html body;
    body << section("Search", search_form(input)) << "<p class=\"banner bad\" role=\"alert\">" << text(problem)
         << "</p>";
    co_return page(visitor, Room::connections, "Connections", body, 400);
  }
  const store::ConnectionPage found = co_await pages.services.operators.connections(*filter, *after, lines_a_page);
  Html list = connection_table(found, pages.services.gate);
  list << "<ul class=\"links\">";
  if (*after) list << "<li>" << link(input.in_address("/admin/connections"), "First page") << "</li>";
  if (found.next)
    list << "<li>" << link(input.in_address("/admin/connections").with("after", found.next->str()), "Next page")
         << "</li>";
  list << "<li>" << link(input.in_address("/admin/bulk/new"), "Do something with all of them …") << "</li></ul>";
  Html body;
  body << section("Search", search_form(input)) << live_section("list", "Found", list);
  co_return page(visitor, Room::connections, "Connections", body);
}

}  // namespace

void add_connections_pages(Router& router, const Pages& pages) {
  add_page(router, pages, "GET", "/admin/connections", show_connections);
}

}  // namespace calsync::api::web
