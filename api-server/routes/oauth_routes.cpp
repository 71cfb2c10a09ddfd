// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/cookies.hpp"
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/oauth_connect.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"
#include "common/net/url.hpp"

namespace calsync::api {
namespace {

Response redirect(std::string location) {
  Response response;
  response.status = 303;
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

Response invalid_state(const char* sentence) { return error_response(400, "invalid_state", std::string(sentence)); }

Response describe_flow(store::FlowState state) {
  switch (state) {
    case store::FlowState::used:
      return invalid_state("this connect link was already used; start again");
    case store::FlowState::expired:
      return invalid_state("this connect link has expired; start again");
    case store::FlowState::other_browser:
      return invalid_state("this connect link was started in another browser; start again");
    case store::FlowState::unknown:
    case store::FlowState::open:
      break;
  }
  return invalid_state("this connect link is not known; start again");
}

const providers::Adapter* oauth_adapter(const Services& services, const Request& request) {
  const providers::Adapter* adapter = services.registry.find(request.path_parameters.at("provider"));
  return adapter && adapter->authorizer ? adapter : nullptr;
}

Response unknown_provider() {
  return error_response(404, "not_found",
                        "no such OAuth provider is configured; each needs its client id, client secret and redirect "
                        "URI (GOOGLE_CLIENT_ID, MICROSOFT_CLIENT_ID, …)");
}

Task<Response> start_connect(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::connect); !flag) co_return flag.refusal;
  const providers::Adapter* adapter = oauth_adapter(services, request);
  if (!adapter) co_return unknown_provider();
  const auto query = read_query(request, {"provider_id", "return_to"});
  if (!query) co_return from_error(query.error());
  const auto owner = query->id<OwnerId>("provider_id");
  if (!owner) co_return from_error(owner.error());
  if (!*owner) co_return error_response(400, "invalid_request", "provider_id is required");
  const Admitted admitted = admit(services, sync::Operation::connect, &**owner);
  if (!admitted) co_return admitted.refusal;
  const std::string return_to = query->text("return_to").value_or("");
  const auto& allowed = services.settings.oauth.return_to;
  if (!return_to.empty() && std::find(allowed.begin(), allowed.end(), return_to) == allowed.end()) {
    co_return error_response(400, "invalid_return_to", "return_to is not one of the addresses in oauth.return_to");
  }
  if (!co_await services.connections.owner_exists(**owner))
    co_return error_response(404, "not_found", "there is no such provider_id");

  const std::string state = random_token(services.random);
  Secret verifier = net::make_code_verifier(services.random);
  const Time expires =
      co_await services.flows.add(*admitted, state, adapter->name, **owner, std::move(verifier), return_to,
                                  services.settings.oauth.link_seconds, request.caller->name);
  const std::string url = services.settings.server.public_url + "/api/auth/" + adapter->name + "/start?state=" + state;
  if (request.header("accept").find("text/html") != std::string_view::npos) co_return redirect(url);
  json::Writer writer;
  writer.begin_object().put("authorization_url", url).put("expires_at", format_rfc3339(expires)).end_object();
  co_return json_response(200, writer.text());
}

/// The link that the person follows: ties it to this browser by cookie and goes on to the provider, so that a link that
/// one person starts cannot be finished by another.
Task<Response> open_link(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::connect); !flag) co_return flag.refusal;
  const providers::Adapter* adapter = oauth_adapter(services, request);
  if (!adapter) co_return unknown_provider();
  const auto query = read_query(request, {"state"});
  if (!query) co_return from_error(query.error());
  const std::string state = query->text("state").value_or("");
  const std::string cookie = connect_cookie_name(state);
  std::string browser = cookie_value(request, cookie);
  const auto [found, owner] = co_await services.flows.look(state, adapter->name, browser);
  if (found != store::FlowState::open) co_return describe_flow(found);
  const Admitted admitted = admit(services, sync::Operation::connect, &owner);
  if (!admitted) co_return admitted.refusal;
  if (browser.empty()) browser = random_token(services.random);
  const auto flow = co_await services.flows.bind(*admitted, state, adapter->name, browser);
  if (!flow) co_return describe_flow(store::FlowState::other_browser);
  Response response = redirect(adapter->authorizer->authorization_url(state, flow->verifier, ""));
  const bool secure = services.settings.server.public_url.starts_with("https://");
  response.headers.emplace_back("Set-Cookie",
                                connect_cookie(cookie, browser, services.settings.oauth.link_seconds, secure));
  co_return response;
}

Response finish(const store::OAuthFlow& flow, const ConnectOutcome& outcome) {
  if (flow.return_to.empty()) {
    if (!outcome.connected) return error_response(outcome.status, outcome.code, outcome.sentence);
    json::Writer writer;
    writer.begin_object()
        .put("success", true)
        .put("connection_id", outcome.connected->connection.str())
        .put("provider_email", outcome.email);
    writer.put("created", outcome.connected->created)
        .put("awaiting_confirmation", outcome.connected->awaiting_confirmation)
        .end_object();
    return json_response(200, writer.text());
  }
  if (!outcome.connected) return redirect(net::with_query(flow.return_to, {{"error", outcome.code}}));
  return redirect(net::with_query(flow.return_to, {{"connection_id", outcome.connected->connection.str()}}));
}

Task<Response> finish_connect(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::connect); !flag) co_return flag.refusal;
  const providers::Adapter* adapter = oauth_adapter(services, request);
  if (!adapter) co_return unknown_provider();
  // The provider adds parameters of its own (scope, authuser, prompt …), so unknown ones are ignored here.
  const auto parameter = [&request](std::string_view name) {
    for (const auto& [key, value] : request.query) {
      if (key == name) return value;
    }
    return std::string();
  };
  const std::string state = parameter("state");
  const std::string browser = cookie_value(request, connect_cookie_name(state));
  const auto [found, owner] = co_await services.flows.look(state, adapter->name, browser);
  if (found != store::FlowState::open) co_return describe_flow(found);
  const Admitted admitted = admit(services, sync::Operation::connect, &owner);
  if (!admitted) co_return admitted.refusal;
  const auto flow = co_await services.flows.use(*admitted, state, adapter->name, browser);
  if (!flow) co_return invalid_state("this connect link was not started in this browser; start again");
  const ConnectOutcome outcome =
      co_await connect_account(services, *adapter, *admitted, *flow, parameter("code"), parameter("error"));
  co_return finish(*flow, outcome);
}

}  // namespace

void add_oauth_routes(Router& router, const Services& services) {
  const std::string base = "/api/auth/{provider}";
  router.add(
      {"GET", base, Access::app, [&services](Request request) { return start_connect(services, std::move(request)); }});
  router.add({"GET", base + "/start", Access::anyone,
              [&services](Request request) { return open_link(services, std::move(request)); }});
  router.add({"GET", base + "/callback", Access::anyone,
              [&services](Request request) { return finish_connect(services, std::move(request)); }});
}

}  // namespace calsync::api
