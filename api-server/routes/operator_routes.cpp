// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/operator_routes.hpp"

#include "api-server/routes/admit.hpp"
#include "api-server/routes/connection_json.hpp"
#include "api-server/routes/disconnect.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/operator_json.hpp"
#include "api-server/routes/routes.hpp"

namespace calsync::api {
namespace {

using store::OperatorAction;

constexpr std::int64_t default_limit = 50;
constexpr std::int64_t largest_limit = 200;

Response no_such_connection() { return error_response(404, "not_found", "there is no such connection"); }

std::set<std::string> with(std::set<std::string> names, const std::set<std::string>& more) {
  names.insert(more.begin(), more.end());
  return names;
}

Task<Response> list(const Services& services, Request request) {
  const auto query = read_query(request, with(filter_names(), {"limit", "page_token"}));
  if (!query) co_return from_error(query.error());
  const auto filter = read_filter(*query);
  const auto limit = query->integer("limit", 1, largest_limit);
  const auto after = parse_id_page_token(query->text("page_token"));
  if (!filter) co_return from_error(filter.error());
  if (!limit) co_return from_error(limit.error());
  if (!after) co_return from_error(after.error());
  std::optional<ConnectionId> behind;
  if (*after) behind = ConnectionId::trusted(**after);
  const store::ConnectionPage page =
      co_await services.operators.connections(*filter, behind, static_cast<int>(limit->value_or(default_limit)));
  json::Writer writer;
  writer.begin_object().key("connections").begin_array();
  for (const store::ConnectionLine& line : page.connections) put_line(writer, line, page.now);
  writer.end_array().key("next_page_token");
  page.next ? writer.value(id_page_token(page.next->str())) : writer.null();
  writer.end_object();
  co_return json_response(200, writer.text());
}

Task<Response> timeline(const Services& services, Request request) {
  const auto query = read_query(request, {"before", "limit"});
  if (!query) co_return from_error(query.error());
  const auto before = query->time("before");
  const auto limit = query->integer("limit", 1, largest_limit);
  if (!before) co_return from_error(before.error());
  if (!limit) co_return from_error(limit.error());
  const auto id = ConnectionId::parse(request.path_parameters.at("id"));
  const auto quiet = id ? co_await services.operators.quiet_runs(*id) : std::nullopt;
  if (!quiet) co_return no_such_connection();
  const store::TimelinePage page =
      co_await services.operators.timeline(*id, *before, static_cast<int>(limit->value_or(default_limit)));
  json::Writer writer;
  writer.begin_object().key("timeline").begin_array();
  for (const sync::FoldedEntry& one : sync::fold(page.entries, *before ? 0 : *quiet, services.clock.now()))
    put_folded(writer, one);
  writer.end_array().key("before");
  page.before ? writer.value(format_rfc3339(*page.before)) : writer.null();
  writer.end_object();
  co_return json_response(200, writer.text());
}

Response outcome(const Services& services, OperatorAction action, const ActionInput& input,
                 const store::ActionResult& result, const store::ConnectionView& view) {
  json::Writer writer;
  writer.begin_object().put("success", true).put("action", store::action_name(action)).put("preview", input.preview);
  writer.put("connection_id", view.facts.connection.str());
  writer.put_raw("before", result.before).put_raw("after", result.after).key("connection");
  put_connection(writer, view, services.gate);
  writer.end_object();
  return json_response(200, writer.text());
}

Task<Response> do_disconnect(const Services& services, Request request, sync::Admission admission,
                             store::ConnectionView view, ActionInput input) {
  if (!input.preview)
    co_return co_await disconnect(services, admission, std::move(view), author_of(request, std::move(input.reason)));
  const store::Holdings holdings = co_await services.connections.holdings(view.facts.connection);
  json::Writer writer;
  writer.begin_object().put("success", true).put("action", "disconnect").put("preview", true).key("deleted");
  writer.begin_object().put("events", holdings.events).put("calendars", holdings.calendars);
  writer.put("channels", holdings.channels).end_object().end_object();
  co_return json_response(200, writer.text());
}

Task<Response> act(const Services& services, OperatorAction action, Request request) {
  if (asks_gate(action)) {
    if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  }
  const auto body = read_body(request, {"reason", "minutes", "preview"});
  if (!body) co_return from_error(body.error());
  const auto input = read_action_input(*body, action);
  if (!input) co_return from_error(input.error());
  const auto id = ConnectionId::parse(request.path_parameters.at("id"));
  std::optional<store::ConnectionView> view;
  if (id) view = co_await services.connections.find(*id);
  if (!view) co_return no_such_connection();
  if (asks_gate(action)) {
    const Admitted admitted =
        admit(services, sync::Operation::use_calendar, &view->facts.owner, &view->facts.connection);
    if (!admitted) co_return admitted.refusal;
    if (action == OperatorAction::disconnect)
      co_return co_await do_disconnect(services, std::move(request), *admitted, *std::move(view), *input);
  }
  const store::ActionResult result =
      co_await services.operators.act(action, *id, author_of(request, input->reason), input->minutes, input->preview);
  if (!result.found) co_return no_such_connection();
  if (result.refused)
    co_return error_response(409, "awaiting_confirmation",
                             "the host application has to confirm the connection before it can be enabled");
  if (!input->preview) {
    services.log.info(
        "an operator acted on a connection",
        {.connection_id = id->str(),
         .metadata = {{"action", std::string(store::action_name(action))}, {"by", request.caller->name}}});
    view = co_await services.connections.find(*id);
    if (!view) co_return no_such_connection();
  }
  co_return outcome(services, action, *input, result, *view);
}

}  // namespace

bool asks_gate(OperatorAction action) { return action == OperatorAction::sync || action == OperatorAction::disconnect; }

void add_operator_routes(Router& router, const Services& services) {
  const std::string all = "/api/admin/calendar/connections";
  router.add({"GET", all, Access::admin, [&services](Request request) { return list(services, std::move(request)); }});
  router.add({"GET", all + "/{id}/timeline", Access::admin,
              [&services](Request request) { return timeline(services, std::move(request)); }});
  for (const OperatorAction action :
       {OperatorAction::sync, OperatorAction::reset, OperatorAction::backoff, OperatorAction::clear_backoff,
        OperatorAction::enable, OperatorAction::disable, OperatorAction::disconnect}) {
    router.add({"POST", all + "/{id}/" + std::string(store::action_name(action)), Access::admin,
                [&services, action](Request request) { return act(services, action, std::move(request)); }});
  }
  add_record_routes(router, services);
  add_bulk_routes(router, services);
}

}  // namespace calsync::api
