// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/inputs.hpp"
#include "api-server/web/action_words.hpp"
#include "api-server/web/explanation_view.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "api-server/web/timeline_view.hpp"
#include "common/store/inside_store.hpp"

namespace calsync::api::web {
namespace {

constexpr int entries_a_page = 40;

Html number(std::int64_t count) {
  Html html;
  html << count;
  return html;
}

Html calendars_table(const store::Inside& inside, Time now) {
  Table table("Calendars of the account", {"Name", "Wanted", "Events", "Last read", "Error", "Push"});
  for (const store::CalendarLine& one : inside.calendars) {
    Html name;
    name << said(one.name) << "<br><span class=\"soft\">" << said(one.id) << "</span>";
    table.row({name, one.selected ? Html("yes") : Html("no"), number(one.events), moment(one.last_synced_at, now),
               said(one.last_error), said(one.watch_error)});
  }
  return table.html("No calendar has been read yet.");
}

Html channels_table(const store::Inside& inside, Time now) {
  Table table("Push channels", {"Calendar", "State", "Until", "Renewed", "Last message", "Trouble"});
  for (const store::ChannelLine& one : inside.channels) {
    Html trouble = said(one.last_error);
    if (one.missed_at) {
      trouble = "silent about a change, ";
      trouble << moment(one.missed_at, now);
    }
    table.row({said(one.calendar), said(one.state), moment(one.expires_at, now), moment(one.renew_at, now),
               moment(one.last_message_at, now), trouble});
  }
  return table.html("There is none: the calendars are polled.");
}

Html identity(const store::ConnectionView& view) {
  Facts facts;
  facts.add("Account", said(view.provider_email));
  facts.add("Provider", text(view.provider));
  const std::string owner = view.facts.owner.str();
  Html owner_link;
  owner_link << "<code>" << link(Path("/admin/connections").with("provider_id", owner), text(owner)) << "</code>";
  facts.add("Owner (provider_id)", owner_link);
  Html id;
  id << "<code>" << text(view.facts.connection.str()) << "</code>";
  facts.add("Connection", id);
  facts.add("Connected", moment(view.facts.created_at, view.now));
  Html failed;
  failed << view.failed_events;
  facts.add("Failed events", link(Path("/admin/events").with("connection", view.facts.connection.str()), failed));
  return facts.html();
}

Html action_links(const store::ConnectionView& view) {
  Html html;
  html << "<div class=\"actions\">";
  for (const ActionWords& one : all_actions()) {
    if (!offered(one.action, view.facts.sync_enabled)) continue;
    html << "<a" << attribute("class", one.grave ? "button danger" : "button plain")
         << href(Path("/admin/connections")
                     .segment(view.facts.connection.str())
                     .then("/do")
                     .segment(store::action_name(one.action)))
         << ">" << one.label << "</a>";
  }
  html << "</div><p class=\"soft\">Each shows first what it touches.</p>";
  return html;
}

Html timeline_section(const store::ConnectionView& view, const store::TimelinePage& past, bool latest,
                      std::int64_t quiet_runs) {
  Html html = timeline_view(sync::fold(past.entries, latest ? quiet_runs : 0, view.now), view.now);
  if (past.before) {
    const Path older = Path("/admin/connections").segment(view.facts.connection.str());
    html << "<p>" << link(older.with("before", format_rfc3339(*past.before)), "Older") << "</p>";
  }
  return html;
}

Task<Response> show_connection(const Pages& pages, Visitor visitor, Request request) {
  const auto query = read_query(request, {"before"});
  const auto before = query ? query->time("before") : Result<std::optional<Time>>(query.error());
  if (!before) co_return problem_page(400, "This address cannot be read.", before.error().message);
  const auto id = ConnectionId::parse(request.path_parameters.at("id"));
  std::optional<store::ConnectionView> view;
  if (id) view = co_await pages.services.connections.find(*id);
  if (!view)
    co_return problem_page(404, "There is no such connection.", "It may have been disconnected; the audit tells.");
  const store::Inside inside = co_await store::read_inside(pages.services.pool, *id);
  const store::TimelinePage past = co_await pages.services.operators.timeline(*id, *before, entries_a_page);
  const auto quiet_runs = co_await pages.services.operators.quiet_runs(*id);
  Html body;
  body << live_section("why", "Why", co_await explanation_view(pages.services, *view))
       << section("Actions", action_links(*view)) << section("What it is", identity(*view))
       << live_section("timeline", "Timeline",
                       timeline_section(*view, past, !before->has_value(), quiet_runs.value_or(0)))
       << live_section("calendars", "Calendars", calendars_table(inside, view->now))
       << live_section("channels", "Channels", channels_table(inside, view->now));
  const std::string name = view->provider_email.empty() ? view->facts.connection.str() : view->provider_email;
  co_return page(visitor, Room::connections, name, body);
}

}  // namespace

void add_connection_pages(Router& router, const Pages& pages) {
  add_page(router, pages, "GET", "/admin/connections/{id}", show_connection);
}

}  // namespace calsync::api::web
