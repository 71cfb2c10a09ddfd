// SPDX-License-Identifier: Apache-2.0
#include "front.hpp"

#include "entra.hpp"
#include "graph_fault.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/jwt.hpp"

namespace calsync::emulator::microsoft {
namespace {

constexpr std::int64_t budget_window_ms = 600000;

std::string_view bearer_of(const Request& request) {
  const std::string_view header = request.authorization;
  return header.size() > 7 && equal_ignoring_case(header.substr(0, 7), "Bearer ") ? trim(header.substr(7))
                                                                                  : std::string_view();
}

const EntraAccess& access_of(Provider& provider, const Request& request) {
  const std::string_view bearer = bearer_of(request);
  if (bearer.empty()) throw invalid_token("Access token is empty.");
  const EntraAccess* token = provider.microsoft.tokens.find_access(bearer);
  if (!token) throw invalid_token("IDX14100: JWT is not well formed, there are no dots (.).");
  if (token->expires_ms <= now_ms()) throw invalid_token("Lifetime validation failed, the token is expired.");
  return *token;
}

// Counts a request against its mailbox; what is returned ends it.
std::shared_ptr<void> admitted(const Switches& switches, Mailbox& user) {
  if (now_ms() - user.window_start_ms >= budget_window_ms) {
    user.window_start_ms = now_ms();
    user.window_calls = 0;
  }
  ++user.window_calls;  // refused ones count too
  if (switches.graph_mailbox_budget > 0 && user.window_calls > switches.graph_mailbox_budget)
    throw throttled(switches.graph_retry_after_seconds, "RequestCount");
  if (switches.graph_mailbox_concurrency > 0 && *user.in_flight >= switches.graph_mailbox_concurrency)
    throw throttled(switches.graph_retry_after_seconds, "MailboxConcurrency");
  ++*user.in_flight;
  // The mailbox may be gone by then; the count is not.
  return {nullptr, [count = user.in_flight](void*) { --*count; }};
}

std::string_view entra_operation(const Request& request) {
  const auto& path = request.segments;
  if (path.size() == 5 && path[2] == "oauth2" && path[3] == "v2.0" && path[4] == "authorize") return "entra.authorize";
  if (path.size() == 5 && path[2] == "oauth2" && path[3] == "v2.0" && path[4] == "token") return "entra.token";
  if (path.size() == 5 && path[3] == ".well-known" && path[4] == "openid-configuration") return "entra.openid";
  if (path.size() == 5 && path[2] == "discovery" && path[4] == "keys") return "entra.keys";
  return "unknown";
}

Call describe(Provider& provider, const Request& request, std::string_view operation, const GraphRoute& route) {
  Call call;
  call.time_ms = now_ms();
  call.method = request.method;
  call.target = redacted_target(request.target);
  call.operation = operation;
  Mailbox* user = nullptr;
  if (const EntraAccess* token = provider.microsoft.tokens.find_access(bearer_of(request))) user = token->user;
  if (user) call.account = user->email;
  if (operation == "entra.token") call.account = entra_account(provider, request);
  if (operation == "entra.authorize")
    call.account = request.query.get("emulator_account", request.query.get("login_hint"));
  const bool of_mailbox = route.calendar_id.empty() || route.calendar_id == "default";
  call.calendar_id = of_mailbox && user && user->default_folder() ? user->default_folder()->id : route.calendar_id;
  call.sync_token = !request.query.get("$deltatoken").empty();
  call.page_token = request.query.has("$skiptoken") || request.query.has("$skip");
  call.page = static_cast<int>(delta_page_of(request));
  return call;
}

}  // namespace

bool serves(std::string_view path) { return path.starts_with("/entra/") || path.starts_with("/graph/"); }

Response Front::answer(const Request& request) {
  const bool graph = request.path.starts_with("/graph/");
  if (!graph) return logged(request, {}, entra_operation(request));
  const bool known = request.segments.size() >= 2 && request.segments[1] == "v1.0";
  if (known && request.segments.size() == 3 && request.segments[2] == "$batch")
    return logged(request, {}, "graph.batch");
  const GraphRoute route = known ? route_of(request) : GraphRoute();
  return logged(request, route, route.name);
}

Response Front::logged(const Request& request, const GraphRoute& route, std::string_view operation) {
  const bool graph = operation.starts_with("graph.");
  const RequestIds ids = ids_of(request);
  Call call = describe(provider_, request, operation, route);
  const Fault* fault = provider_.faults.empty() ? nullptr : provider_.faults.hit(call, request.path);
  std::optional<DeltaFault> bending;
  if (fault && bends_delta(fault->kind) && operation == "graph.calendarView.delta") bending.emplace(*fault);
  const auto ordered = [&] { return graph ? graph_fault_answer(*fault, request, ids) : entra_fault_answer(*fault); };
  Response response;
  const bool replaced = fault && !bending && replaces_answer(*fault);
  try {
    if (replaced && !fault->after_commit) {
      response = ordered();
    } else {
      response = !graph                       ? answer_entra(request)
                 : operation == "graph.batch" ? batch(request)
                                              : handled(request, route, bending ? &*bending : nullptr);
      if (graph) add_graph_headers(response, ids);
      if (replaced)
        response = ordered();
      else if (fault)
        damage(*fault, response);
    }
  } catch (const GraphError& error) {
    response = graph_error(error, ids);
    if (fault && !replaced) damage(*fault, response);
  } catch (const JsonMisuse&) {
    response = graph_error({400, "BadRequest", "A value of the request has another type than it must have."}, ids);
  } catch (const std::exception& error) {
    response = graph_error({500, "ErrorInternalServerError", error.what()}, ids);
  }
  if (bending && !bending->done) {
    provider_.faults.take_back(fault->id);
    fault = nullptr;
  }
  response.delay_ms += provider_.settings.latency_ms;
  call.status = response.delivery == Delivery::drop_before ? 0 : response.status;
  call.fault = fault ? fault->id : 0;
  provider_.calls.add(std::move(call));
  return response;
}

Response Front::answer_entra(const Request& request) {
  const std::string_view operation = entra_operation(request);
  const EntraCall call{provider_, request, request.segments.size() > 1 ? request.segments[1] : ""};
  if (operation == "entra.authorize") return answer_entra_authorize(call);
  if (operation == "entra.token") return answer_entra_token(call);
  if (operation == "entra.openid") return answer_entra_configuration(call);
  if (operation == "entra.keys") return json_response(200, key_set_json());
  return html_response(404, "<html><head><title>404</title></head><body>Not found</body></html>");
}

Response Front::handled(const Request& request, const GraphRoute& route, DeltaFault* bending) {
  const EntraAccess& token = access_of(provider_, request);
  if (!route.known_path)
    throw bad_request("BadRequest", "Resource not found for the segment '" +
                                        (request.segments.size() > 2 ? request.segments[2] : std::string()) + "'.");
  if (!route.operation) throw GraphError{405, "MethodNotAllowed", "The HTTP method is not allowed for this resource."};
  Mailbox& user = *token.user;
  if (!route.user.empty() && provider_.microsoft.find(route.user) != &user) throw access_denied();
  if (!permits(token.scopes, route.operation->need)) {
    if (route.operation->need == Need::user)
      throw GraphError{403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."};
    throw access_denied();
  }
  std::shared_ptr<void> held = admitted(provider_.settings.microsoft, user);
  GraphCall call{provider_,
                 request,
                 user,
                 token,
                 read_preferences(request.prefer, provider_.settings.microsoft.graph_iana_zones),
                 route.calendar_id,
                 route.event_id,
                 route.rest,
                 bending};
  Response response = route.operation->handler(call);
  if (!call.preferences.applied.empty()) response.header("Preference-Applied", call.preferences.applied);
  response.held = std::move(held);
  return response;
}

}  // namespace calsync::emulator::microsoft
