// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "api-server/routes/inputs.hpp"
#include "api-server/web/json_view.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"

namespace calsync::api::web {
namespace {

constexpr int lines_a_page = 50;

Html audit_table(const std::vector<store::AuditLine>& lines, Time now) {
  Table table("Who did what, and why, the latest first", {"When", "Who", "What", "Connection", "Reason", "Changes"});
  for (const store::AuditLine& one : lines) {
    Html who;
    who << said(one.actor) << "<br><span class=\"soft\">" << text(one.actor_kind) << "</span>";
    const Html connection = one.connection.empty()
                                ? Html("<span class=\"none\">none</span>")
                                : link(Path("/admin/connections").segment(one.connection), text(one.connection));
    table.row({moment(one.happened_at, now), who, said(one.action), connection, said(one.reason),
               changes_view(one.before, one.after)});
  }
  return table.html("Nothing was done yet.");
}

Task<Response> show_audit(const Pages& pages, Visitor visitor, Request request) {
  const auto query = read_query(request, {"actor", "action", "connection", "before"});
  if (!query) co_return problem_page(400, "This address cannot be read.", query.error().message);
  const auto text_of = [&](const std::string& name) { return query->text(name).value_or(""); };
  const std::string actor = text_of("actor"), verb = text_of("action"), connection = text_of("connection");
  const auto before = query->integer("before", 0, std::numeric_limits<std::int64_t>::max());
  const auto id = ConnectionId::parse(connection);
  if (!before || (!connection.empty() && !id))
    co_return problem_page(400, "This address cannot be read.",
                           before ? "connection must be a UUID" : before.error().message);
  store::AuditQuery wanted;
  if (!actor.empty()) wanted.actor = actor;
  if (!verb.empty()) wanted.action = verb;
  wanted.connection = id;
  wanted.before = *before;
  wanted.limit = lines_a_page;
  const std::vector<store::AuditLine> lines = co_await pages.services.operators.audit(std::move(wanted));
  Html form;
  form << "<form method=\"get\"" << action("/admin/audit") << " role=\"search\"><div class=\"fields\">"
       << text_field("Who", "actor", actor, 64) << text_field("What", "action", verb, 64)
       << text_field("Connection", "connection", connection, 36) << "<button>Search</button></div></form>";
  Html list = audit_table(lines, pages.services.clock.now());
  if (static_cast<int>(lines.size()) == lines_a_page) {
    const Path older = Path("/admin/audit").with("actor", actor).with("action", verb).with("connection", connection);
    list << "<p>" << link(older.with("before", std::to_string(lines.back().id)), "Older") << "</p>";
  }
  Html body;
  body << section("Search", form) << section("Found", list);
  co_return page(visitor, Room::audit, "Audit", body);
}

}  // namespace

void add_audit_pages(Router& router, const Pages& pages) { add_page(router, pages, "GET", "/admin/audit", show_audit); }

}  // namespace calsync::api::web
