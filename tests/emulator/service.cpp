// SPDX-License-Identifier: Apache-2.0
#include "service.hpp"

#include "clock.hpp"
#include "control.hpp"
#include "list_token.hpp"
#include "oauth.hpp"
#include "partial_response.hpp"
#include "tests/emulator/microsoft/front.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

std::string_view bearer_of(const Request& request) {
  const std::string_view header = request.authorization;
  if (header.size() > 7 && equal_ignoring_case(header.substr(0, 7), "Bearer ")) return trim(header.substr(7));
  if (const std::string* token = request.query.find("access_token")) return *token;
  return request.query.get("oauth_token");
}

// Whose call it is, for the log and for faults; the token may have expired.
std::string account_of(Provider& provider, const Request& request, std::string_view operation) {
  if (const AccessToken* token = provider.tokens.find_access(bearer_of(request))) return token->account->email;
  if (operation == "token" || operation == "revoke") return oauth_account(provider, request);
  if (operation == "authorize")
    return std::string(request.query.get("emulator_account", request.query.get("login_hint")));
  return "";
}

Call describe(Provider& provider, const Request& request, const Classified& classified) {
  Call call;
  call.time_ms = now_ms();
  call.method = request.method;
  call.target = redacted_target(request.target);
  call.operation = classified.name;
  call.account = account_of(provider, request, classified.name);
  call.calendar_id = classified.calendar_id == "primary" ? call.account : classified.calendar_id;
  call.conditional = !request.if_none_match.empty() || !request.if_modified_since.empty();
  call.sync_token = !request.query.get("syncToken").empty();
  const std::string_view page_token = request.query.get("pageToken");
  call.page_token = !page_token.empty();
  if (const auto token = call.page_token ? decode_token(page_token) : std::nullopt)
    call.page = static_cast<int>(token->page);
  return call;
}

// As Google's front end adds them to every answer of an API.
void add_front_end_headers(Response& response) {
  response.headers +=
      "Cache-Control: private, max-age=0, must-revalidate, no-transform\r\nVary: Origin, X-Origin, Referer\r\n"
      "X-Content-Type-Options: nosniff\r\n";
}

}  // namespace

Response Service::answer(Request& request) {
  Response response = answer_any(request);
  // One call is one change for everybody who watches, also when a fault hides its answer.
  provider_.push.announce(provider_);
  provider_.microsoft.announce();
  return response;
}

Response Service::answer_any(Request& request) {
  if (request.method == "POST" && !request.method_override.empty()) request.method = upper(request.method_override);
  if (!request.segments.empty() && request.segments[0] == "control") {
    try {
      return answer_control(provider_, request);
    } catch (const ApiError& error) {
      return control_error(error.status, error.message);
    } catch (const std::exception& error) {
      return control_error(500, error.what());
    }
  }
  if (microsoft::serves(request.path)) return microsoft::Front(provider_).answer(request);
  return answer_logged(request);
}

Response Service::answer_logged(Request& request) {
  const Classified classified = classify(request);
  Call call = describe(provider_, request, classified);
  const Fault* fault = provider_.faults.empty() ? nullptr : provider_.faults.hit(call, request.path);
  std::optional<ListFault> bending;
  if (fault && bends_list(fault->kind)) bending.emplace(*fault);
  Response response;
  try {
    if (fault && replaces_answer(*fault) && !fault->after_commit) {
      response = fault_answer(*fault, classified.operation ? classified.operation->rpc_method : "");
    } else {
      const bool api = classified.operation || request.path.starts_with("/calendar/v3/");
      response =
          api ? answer_api(request, classified, bending ? &*bending : nullptr) : answer_other(request, classified);
      if (fault && replaces_answer(*fault)) {
        response = fault_answer(*fault, classified.operation ? classified.operation->rpc_method : "");
      } else if (fault) {
        damage(*fault, response);
        if (Feed* feed = fault->kind == "wrong_not_modified" ? provider_.feeds.find(call.calendar_id) : nullptr)
          feed->ignores_validators = true;
      }
    }
  } catch (const ApiError& error) {
    response = api_error(error);
    if (fault) damage(*fault, response);
  } catch (const std::exception& error) {
    response = api_error({500, "global", "backendError", std::string("Backend Error: ") + error.what()});
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

Response Service::answer_api(const Request& request, const Classified& classified, ListFault* list_fault) {
  if (!classified.known_path) throw not_found();
  if (!classified.operation) throw ApiError{405, "global", "httpMethodNotAllowed", "Method Not Allowed"};
  const std::string_view bearer = bearer_of(request);
  if (bearer.empty()) return request.authorization.empty() ? missing_credentials() : invalid_credentials();
  const AccessToken* token = provider_.tokens.find_access(bearer);
  if (!token || token->expires_ms <= now_ms()) return invalid_credentials();
  if ((token->mask & classified.operation->scopes) == 0) return insufficient_scopes(classified.operation->rpc_method);
  if (token->account->not_a_calendar_user)
    throw ApiError{403, "calendar", "notACalendarUser", "The user must be signed up for Google Calendar."};
  ApiCall call{provider_, request, *token->account, classified.calendar_id, classified.event_id, list_fault};
  // A wrong selection is refused before the call has any effect.
  const std::string* fields = request.query.find("fields");
  std::optional<FieldSelection> selection;
  if (fields && !fields->empty()) selection = parse_fields(*fields, classified.name);
  Response response = classified.operation->handler(call);
  if (selection && response.status == 200) response.body = select_fields(response.body, *selection);
  add_front_end_headers(response);
  return response;
}

Response Service::answer_other(const Request& request, const Classified& classified) {
  if (classified.name == "feed") return provider_.feeds.answer(request);
  if (classified.name == "authorize") return answer_authorize(provider_, request);
  if (classified.name == "token") return answer_token(provider_, request);
  if (classified.name == "revoke") return answer_revoke(provider_, request);
  if (classified.name == "tokeninfo") return answer_tokeninfo(provider_, request, bearer_of(request));
  if (classified.name == "userinfo") return answer_userinfo(provider_, request, bearer_of(request));
  if (classified.name == "openid") return answer_openid_configuration(request);
  if (classified.name == "certs") return answer_certs();
  return html_response(404,
                       "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p>The requested URL was "
                       "not found on this server.</html>");
}

}  // namespace calsync::emulator
