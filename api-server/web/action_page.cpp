// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"
#include "api-server/routes/disconnect.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/operator_routes.hpp"
#include "api-server/web/action_words.hpp"
#include "api-server/web/connection_filter.hpp"
#include "api-server/web/form.hpp"
#include "api-server/web/json_view.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/pages.hpp"
#include "common/base/json.hpp"

namespace calsync::api::web {
namespace {

using store::OperatorAction;

/// An action that somebody is about to take.
struct Intent {
  ActionWords words;
  store::ConnectionView view;
  int minutes = 0;
};

Path connection_path(const store::ConnectionView& view) {
  return Path("/admin/connections").segment(view.facts.connection.str());
}

std::string name_of(const store::ConnectionView& view) {
  return view.provider_email.empty() ? view.facts.connection.str() : view.provider_email;
}

/// What would be deleted, or which columns would change: the action is done and undone.
Task<Html> touched_by(const Pages& pages, Intent intent, std::string actor) {
  Html html;
  if (intent.words.action == OperatorAction::disconnect) {
    const store::Holdings holdings = co_await pages.services.connections.holdings(intent.view.facts.connection);
    html << "<p>Deleted with it: " << holdings.events << " events, " << holdings.calendars << " calendars, "
         << holdings.channels << " push channels.</p>";
    co_return html;
  }
  const store::Author author{std::move(actor), "admin", {}, {}};
  const store::ActionResult result = co_await pages.services.operators.act(
      intent.words.action, intent.view.facts.connection, author, intent.minutes, true);
  if (result.refused) {
    html << "<p>It is refused: the connection waits for the host application's confirmation.</p>";
    co_return html;
  }
  const Html changes = changes_view(result.before, result.after);
  html << (changes.empty() ? Html("<p>Nothing changes: it is so already.</p>") : changes);
  co_return html;
}

Task<Response> preview(const Pages& pages, Visitor visitor, Intent intent, std::string problem) {
  const Path path = connection_path(intent.view).then("/do").segment(store::action_name(intent.words.action));
  Html form;
  form << minutes_field(intent.words.action, intent.minutes > 0 ? std::to_string(intent.minutes) : "") << reason_field()
       << "<div class=\"actions\"><button" << attribute("class", intent.words.grave ? "danger" : "do") << ">"
       << intent.words.label << "</button><a class=\"button plain\"" << href(connection_path(intent.view))
       << ">Leave it</a></div>";
  const std::string state(sync::state_name(sync::derive_state(intent.view.facts, intent.view.now)));
  Html touched;
  touched << "<p>" << link(connection_path(intent.view), said(name_of(intent.view))) << " ("
          << text(intent.view.provider) << ") " << state_tag(state) << "</p><p>" << intent.words.effect << "</p>"
          << co_await touched_by(pages, intent, visitor.name);
  Html body;
  if (!problem.empty()) body << "<p class=\"banner bad\" role=\"alert\">" << text(problem) << "</p>";
  body << section("What it touches", touched) << section("Confirm", post_form(visitor, path, form));
  co_return page(visitor, Room::connections, std::string(intent.words.label.str()), body, problem.empty() ? 200 : 400);
}

/// Whether a switch or a list keeps the action away, as it does from the API.
Admitted may(const Services& services, const Intent& intent) {
  const bool asks = asks_gate(intent.words.action);
  if (!asks) return {};
  return admit(services, sync::Operation::use_calendar, &intent.view.facts.owner, &intent.view.facts.connection);
}

/// What keeps it from being done; "" = done.
Task<std::string> perform(const Pages& pages, Intent intent, store::Author author) {
  const Services& services = pages.services;
  const Admitted admitted = may(services, intent);
  if (asks_gate(intent.words.action) && !admitted)
    co_return "A switch is off, or a list does not admit the connection: nothing may call its provider.";
  if (intent.words.action == OperatorAction::disconnect) {
    const Response response = co_await disconnect(services, *admitted, intent.view, std::move(author));
    co_return response.status == 200 ? "" : "It could not be disconnected.";
  }
  const store::ActionResult result =
      co_await services.operators.act(intent.words.action, intent.view.facts.connection, author, intent.minutes, false);
  if (!result.found) co_return "The connection is gone.";
  if (result.refused) co_return "The connection waits for the host application's confirmation.";
  services.log.info(
      "an operator acted on a connection",
      {.connection_id = intent.view.facts.connection.str(),
       .metadata = {{"action", std::string(store::action_name(intent.words.action))}, {"by", author.actor}}});
  co_return "";
}

Task<Response> confirm(const Pages& pages, Visitor visitor, Request request, Intent intent) {
  const auto form = read_form(request, {"csrf", "reason", "minutes"});
  if (!form) co_return problem_page(400, "This form cannot be read.", form.error().message);
  const auto reason = parse_reason(form->text("reason"), false);
  const auto minutes = read_minutes(intent.words.action, form->text("minutes"));
  if (!minutes) co_return co_await preview(pages, std::move(visitor), std::move(intent), minutes.error().message);
  intent.minutes = *minutes;
  if (!reason) co_return co_await preview(pages, std::move(visitor), std::move(intent), reason.error().message);
  const std::string problem = co_await perform(pages, intent, author_of(request, *reason));
  if (!problem.empty()) co_return co_await preview(pages, std::move(visitor), std::move(intent), problem);
  pages.door.leave_message(request, std::string(intent.words.label.str()) + ": done for " + name_of(intent.view) + ".");
  const bool gone = intent.words.action == OperatorAction::disconnect;
  co_return redirect(gone ? Path("/admin/connections") : connection_path(intent.view));
}

Task<Response> act(const Pages& pages, Visitor visitor, Request request) {
  const auto action = store::parse_action(request.path_parameters.at("action"));
  const auto id = ConnectionId::parse(request.path_parameters.at("id"));
  std::optional<store::ConnectionView> view;
  if (id && action) view = co_await pages.services.connections.find(*id);
  if (!view)
    co_return problem_page(404, "There is no such connection or action.",
                           "It may have been disconnected; the audit tells.");
  Intent intent{words_of(*action), *std::move(view), *action == OperatorAction::backoff ? 60 : 0};
  if (request.method == "POST")
    co_return co_await confirm(pages, std::move(visitor), std::move(request), std::move(intent));
  co_return co_await preview(pages, std::move(visitor), std::move(intent), "");
}

}  // namespace

void add_action_pages(Router& router, const Pages& pages) {
  for (const char* method : {"GET", "POST"})
    add_page(router, pages, method, "/admin/connections/{id}/do/{action}", act);
}

}  // namespace calsync::api::web
