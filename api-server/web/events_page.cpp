// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/web/action_words.hpp"
#include "api-server/web/form.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "common/store/inside_store.hpp"

namespace calsync::api::web {
namespace {

constexpr int events_a_page = 50;

Path connection_path(const ConnectionId& connection) { return Path("/admin/connections").segment(connection.str()); }

Html event_table(const std::vector<store::FailedEvent>& events, Time now) {
  Table table("Events that could not be understood; what they say is not shown",
              {"Event", "Reason", "Calendar", "Connection", "Since", "Action"});
  for (const store::FailedEvent& one : events) {
    table.row({said(one.external_event_id), said(one.last_error), said(one.external_calendar_id),
               link(connection_path(one.connection), text(one.provider)), moment(one.updated_at, now),
               link(Path("/admin/events").segment(one.id).then("/retry"), "Try again")});
  }
  return table.html("There is none.");
}

Task<Response> show_events(const Pages& pages, Visitor visitor, Request request) {
  const auto query = read_query(request, {"connection", "error_code", "after"});
  if (!query) co_return problem_page(400, "This address cannot be read.", query.error().message);
  const std::string connection = query->text("connection").value_or("");
  const std::string code = query->text("error_code").value_or("");
  const auto id = ConnectionId::parse(connection);
  const auto after = query->text("after");
  if ((!connection.empty() && !id) || (after && !canonical_uuid(*after)))
    co_return problem_page(400, "This address cannot be read.", "connection and after must be UUIDs");
  store::FailedEventQuery wanted{id, {}, code.empty() ? std::nullopt : std::optional(code), after, events_a_page};
  const std::vector<store::FailedEvent> events = co_await pages.services.operators.failed_events(std::move(wanted));
  Html form;
  form << "<form method=\"get\"" << action("/admin/events") << " role=\"search\"><div class=\"fields\">"
       << text_field("Connection", "connection", connection, 36) << text_field("Error code", "error_code", code, 60)
       << "<button>Search</button></div></form>";
  Html list = event_table(events, pages.services.clock.now());
  const Path here = Path("/admin/events").with("connection", connection).with("error_code", code);
  list << "<ul class=\"links\">";
  if (static_cast<int>(events.size()) == events_a_page)
    list << "<li>" << link(here.with("after", events.back().id), "Next page") << "</li>";
  if (id && !events.empty())
    list << "<li>" << link(connection_path(*id).then("/retry-events"), "Try all of this connection again …") << "</li>";
  list << "</ul>";
  Html body;
  body << section("Search", form) << live_section("list", "Found", list);
  co_return page(visitor, Room::events, "Failed events", body);
}

Response retry_preview(const Visitor& visitor, const Path& path, const Html& touched, const std::string& problem) {
  Html form;
  form << reason_field() << "<div class=\"actions\"><button>Try again</button></div>";
  Html body;
  if (!problem.empty()) body << "<p class=\"banner bad\" role=\"alert\">" << text(problem) << "</p>";
  body << section("What it touches", touched) << section("Confirm", post_form(visitor, path, form));
  return page(visitor, Room::events, "Try again", body, problem.empty() ? 200 : 400);
}

Html event_facts(const store::FailedEvent& event, Time now) {
  Facts facts;
  facts.add("Event", said(event.external_event_id));
  facts.add("Reason", said(event.last_error));
  facts.add("Calendar", said(event.external_calendar_id));
  facts.add("Since", moment(event.updated_at, now));
  Html html;
  html << "<p>The event is imported again at the next sync of its connection, which is asked for at once.</p>"
       << facts.html();
  return html;
}

Response no_such_event() {
  return problem_page(404, "There is no such failed event.", "It may have been imported meanwhile.");
}

Task<Response> retry_one(const Pages& pages, Visitor visitor, Request request) {
  const auto id = canonical_uuid(request.path_parameters.at("id"));
  std::optional<store::FailedEvent> event;
  if (id) event = co_await store::find_failed_event(pages.services.pool, *id);
  if (!event) co_return no_such_event();
  const Path path = Path("/admin/events").segment(*id).then("/retry");
  const Html touched = event_facts(*event, pages.services.clock.now());
  if (request.method != "POST") co_return retry_preview(visitor, path, touched, "");
  const auto form = read_form(request, {"csrf", "reason"});
  if (!form) co_return problem_page(400, "This form cannot be read.", form.error().message);
  const auto reason = parse_reason(form->text("reason"), false);
  if (!reason) co_return retry_preview(visitor, path, touched, reason.error().message);
  if (!co_await pages.services.operators.retry_event(*id, author_of(request, *reason))) co_return no_such_event();
  pages.door.leave_message(request, "The event is tried again.");
  co_return redirect(Path("/admin/events").with("connection", event->connection.str()));
}

Task<Response> retry_all(const Pages& pages, Visitor visitor, Request request) {
  const auto id = ConnectionId::parse(request.path_parameters.at("id"));
  std::optional<store::ConnectionView> view;
  if (id) view = co_await pages.services.connections.find(*id);
  if (!view)
    co_return problem_page(404, "There is no such connection.", "It may have been disconnected; the audit tells.");
  Html touched;
  touched << "<p>" << view->failed_events << " failed events of "
          << link(connection_path(*id), said(view->provider_email))
          << " are imported again at its next sync, which is asked for at once.</p>";
  const Path path = connection_path(*id).then("/retry-events");
  if (request.method != "POST") co_return retry_preview(visitor, path, touched, "");
  const auto form = read_form(request, {"csrf", "reason"});
  if (!form) co_return problem_page(400, "This form cannot be read.", form.error().message);
  const auto reason = parse_reason(form->text("reason"), false);
  if (!reason) co_return retry_preview(visitor, path, touched, reason.error().message);
  const std::int64_t events = co_await pages.services.operators.retry_events(*id, author_of(request, *reason));
  pages.door.leave_message(request, std::to_string(events) + " events are tried again.");
  co_return redirect(connection_path(*id));
}

}  // namespace

void add_event_pages(Router& router, const Pages& pages) {
  add_page(router, pages, "GET", "/admin/events", show_events);
  for (const char* method : {"GET", "POST"}) {
    add_page(router, pages, method, "/admin/events/{id}/retry", retry_one);
    add_page(router, pages, method, "/admin/connections/{id}/retry-events", retry_all);
  }
}

}  // namespace calsync::api::web
