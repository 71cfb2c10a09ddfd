// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/connection_json.hpp"
#include "api-server/routes/disconnect.hpp"
#include "api-server/routes/explain_json.hpp"
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/crypto.hpp"
#include "common/net/url.hpp"

namespace calsync::api {
namespace {

Response required(const char* what) { return error_response(400, "invalid_request", std::string(what)); }

Task<Response> list_connections(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  const auto query = read_query(request, {"provider_id"});
  if (!query) co_return from_error(query.error());
  const auto owner = query->id<OwnerId>("provider_id");
  if (!owner) co_return from_error(owner.error());
  if (!*owner) co_return required("provider_id is required");
  const Admitted admitted = admit(services, sync::Operation::use_calendar, &**owner);
  if (!admitted) co_return admitted.refusal;
  if (!co_await services.connections.owner_exists(**owner))
    co_return error_response(404, "not_found", "there is no such provider_id");
  json::Writer writer;
  writer.begin_object().key("connections").begin_array();
  for (const store::ConnectionView& view : co_await services.connections.of_owner(*admitted, **owner)) {
    if (services.gate.connections.admits(view.facts.connection.str())) put_connection(writer, view, services.gate);
  }
  writer.end_array().end_object();
  co_return json_response(200, writer.text());
}

Task<Response> show(const Services& services, ConnectionId id, int status) {
  const auto view = co_await services.connections.find(id);
  if (!view) co_return error_response(404, "not_found", "there is no such connection");
  json::Writer writer;
  put_connection(writer, *view, services.gate);
  co_return json_response(status, writer.text());
}

Task<Response> get_connection(const Services& services, Request request) {
  const FoundConnection found = co_await find_connection(services, request.path_parameters.at("id"));
  if (!found) co_return found.refusal;
  co_return co_await show(services, found.view->facts.connection, 200);
}

/// Operators learn that a switch or a list is the reason; the host application is shut out by it.
Task<FoundConnection> find_to_explain(const Services& services, Request request) {
  const std::string& id = request.path_parameters.at("id");
  if (request.caller && request.caller->kind == CallerKind::app) co_return co_await find_connection(services, id);
  FoundConnection found;
  if (const auto known = ConnectionId::parse(id)) found.view = co_await services.connections.find(*known);
  if (!found.view) found.refusal = error_response(404, "not_found", "there is no such connection");
  co_return found;
}

/// Why it is or is not syncing, and how it came to that.
Task<Response> explain_connection(const Services& services, Request request) {
  FoundConnection found = co_await find_to_explain(services, std::move(request));
  if (found.refusal.status != 200) co_return found.refusal;
  const Explained explained = co_await gather(services.connections, services.pool, provider_hosts(services.registry),
                                              services.clock, std::move(*found.view));
  json::Writer writer;
  put_explained(writer, explained, services.gate);
  co_return json_response(200, writer.text());
}

/// The feed's URL is a secret (private feed addresses carry one): it is stored sealed, and only its host is shown.
Task<Response> connect_feed(const Services& services, OwnerId owner, sync::Admission admission, std::string given,
                            store::Author author) {
  const std::string url = net::feed_url(given, services.settings.allow_insecure_endpoints);
  const auto parsed = net::parse_url(url);
  if (!parsed) co_return error_response(422, "invalid_url", "url: " + parsed.error().message);
  if (parsed->scheme != "https" && !services.settings.allow_insecure_endpoints) {
    co_return error_response(422, "invalid_url", "url must be https (or webcal)");
  }
  store::NewConnection fresh;
  fresh.owner = owner;
  fresh.provider = "ics";
  fresh.account = "feed:" + sha256_hex(url);
  fresh.email = parsed->host;
  fresh.credentials["feed_url"] = Secret(url);
  const store::Connected connected =
      co_await services.connections.connect(admission, std::move(fresh), std::move(author));
  services.log.info("a feed was connected",
                    {.provider_id = owner.str(), .connection_id = connected.connection.str(), .provider = "ics"});
  json::Writer writer;
  writer.begin_object()
      .put("success", true)
      .put("connection_id", connected.connection.str())
      .put("provider", "ics")
      .put("created", connected.created)
      .end_object();
  co_return json_response(connected.created ? 201 : 200, writer.text());
}

Task<Response> create_connection(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  const auto body = read_body(request, {"provider_id", "provider", "url"});
  if (!body) co_return from_error(body.error());
  const auto owner = body->id<OwnerId>("provider_id");
  const auto provider = body->text("provider");
  const auto url = body->text("url");
  if (!owner) co_return from_error(owner.error());
  if (!provider) co_return from_error(provider.error());
  if (!url) co_return from_error(url.error());
  if (!*owner || !*provider || !*url) co_return required("provider_id, provider and url are required");
  if (**provider != "ics")
    co_return error_response(422, "unsupported_provider",
                             "provider must be ics; google is connected through /api/auth/google");
  const Admitted admitted = admit(services, sync::Operation::use_calendar, &**owner);
  if (!admitted) co_return admitted.refusal;
  if (!co_await services.connections.owner_exists(**owner))
    co_return error_response(404, "not_found", "there is no such provider_id");
  co_return co_await connect_feed(services, **owner, *admitted, **url, author_of(request));
}

/// By its place in the request: what stands there may be anything.
std::string unknown_calendar(const std::vector<std::string>& wanted, const std::string& unknown) {
  const auto place = std::find(wanted.begin(), wanted.end(), unknown) - wanted.begin();
  return "the account has no such calendar as number " + std::to_string(place + 1) + " of calendars";
}

Task<Response> patch_connection(const Services& services, Request request) {
  const FoundConnection found = co_await find_connection(services, request.path_parameters.at("id"));
  if (!found) co_return found.refusal;
  const auto body = read_body(request, {"sync_enabled", "sync_frequency_minutes", "calendars"});
  if (!body) co_return from_error(body.error());
  const auto enabled = body->flag("sync_enabled");
  const auto frequency = body->integer("sync_frequency_minutes", 1, 10080);
  const auto calendars = body->texts("calendars");
  if (!enabled) co_return from_error(enabled.error());
  if (!frequency) co_return from_error(frequency.error());
  if (!calendars) co_return from_error(calendars.error());
  const ConnectionId id = found.view->facts.connection;
  if (*enabled && **enabled && found.view->facts.awaiting_confirmation) {
    co_return error_response(409, "awaiting_confirmation",
                             "the connection has to be confirmed before it can be enabled");
  }
  if (*calendars) {
    const auto unknown =
        co_await services.connections.select_calendars(*found.admission, id, **calendars, author_of(request));
    if (!unknown.empty())
      co_return error_response(422, "unknown_calendar", unknown_calendar(**calendars, unknown.front()));
  }
  if (*enabled) co_await services.connections.set_enabled(*found.admission, id, **enabled, author_of(request));
  if (*frequency)
    co_await services.connections.set_frequency(*found.admission, id, static_cast<int>(**frequency),
                                                author_of(request));
  co_return co_await show(services, id, 200);
}

Task<Response> confirm_connection(const Services& services, Request request) {
  const FoundConnection found = co_await find_connection(services, request.path_parameters.at("id"));
  if (!found) co_return found.refusal;
  const auto body = read_body(request, {"provider_id"});
  if (!body) co_return from_error(body.error());
  const auto owner = body->id<OwnerId>("provider_id");
  if (!owner) co_return from_error(owner.error());
  if (!*owner) co_return required("provider_id is required: the signed-in owner for whom the connection is confirmed");
  if (**owner != found.view->facts.owner)
    co_return error_response(409, "other_owner", "the connection belongs to another owner");
  co_await services.connections.confirm(*found.admission, found.view->facts.connection, **owner, author_of(request));
  co_return co_await show(services, found.view->facts.connection, 200);
}

Task<Response> list_calendars(const Services& services, Request request) {
  const FoundConnection found = co_await find_connection(services, request.path_parameters.at("id"));
  if (!found) co_return found.refusal;
  json::Writer writer;
  writer.begin_object().key("calendars").begin_array();
  for (const std::string& calendar :
       co_await services.connections.calendars(*found.admission, found.view->facts.connection))
    writer.raw(calendar);
  writer.end_array().end_object();
  co_return json_response(200, writer.text());
}

Task<Response> delete_connection(const Services& services, Request request) {
  const FoundConnection found = co_await find_connection(services, request.path_parameters.at("id"));
  if (!found) co_return found.refusal;
  co_return co_await disconnect(services, *found.admission, *found.view, author_of(request));
}

}  // namespace

void add_connection_routes(Router& router, const Services& services) {
  const std::string all = "/api/calendar/connections";
  const std::string one = all + "/{id}";
  router.add({"GET", all, Access::app,
              [&services](Request request) { return list_connections(services, std::move(request)); }});
  router.add({"POST", all, Access::app,
              [&services](Request request) { return create_connection(services, std::move(request)); }});
  router.add(
      {"GET", one, Access::app, [&services](Request request) { return get_connection(services, std::move(request)); }});
  router.add({"PATCH", one, Access::app,
              [&services](Request request) { return patch_connection(services, std::move(request)); }});
  router.add({"DELETE", one, Access::app,
              [&services](Request request) { return delete_connection(services, std::move(request)); }});
  router.add({"POST", one + "/confirm", Access::app,
              [&services](Request request) { return confirm_connection(services, std::move(request)); }});
  router.add({"GET", one + "/explain", Access::app_or_admin,
              [&services](Request request) { return explain_connection(services, std::move(request)); }});
  router.add({"GET", one + "/calendars", Access::app,
              [&services](Request request) { return list_calendars(services, std::move(request)); }});
}

}  // namespace calsync::api
