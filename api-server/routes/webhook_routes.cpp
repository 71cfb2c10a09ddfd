// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"

namespace calsync::api {
namespace {

Response taken(const char* result) {
  json::Writer writer;
  writer.begin_object().put("success", true).put("result", result).end_object();
  return json_response(200, writer.text());
}

/// A refusal ends the matter at the provider, too: it repeats only what was answered with 5xx.
Response answer_to(PushVerdict verdict) {
  switch (verdict) {
    case PushVerdict::woken:
      return taken("accepted");
    case PushVerdict::ignored:
      return taken("ignored");
    case PushVerdict::forged:
      return error_response(401, "invalid_channel", "this is not a message of one of our channels");
    case PushVerdict::not_allowlisted:
      return error_response(403, "not_allowlisted", "Calendar sync is not enabled");
    case PushVerdict::disabled:
      return error_response(403, "calendar_sync_disabled", "Calendar sync is not enabled");
  }
  return error_response(500, "internal_error", "unknown verdict");
}

auto times_given(const Request& request, std::string_view name) {
  return std::count_if(request.headers.begin(), request.headers.end(),
                       [name](const Header& one) { return one.first == name; });
}

Task<Response> receive(const Services& services, Request request) {
  // The switch is no secret, unlike the lists: those are asked once the channel has proved itself.
  if (const Admitted flag = admit(services, sync::Operation::receive_push); !flag) co_return flag.refusal;
  const providers::Adapter* adapter = services.registry.find(request.path_parameters.at("provider"));
  if (!adapter || !adapter->push_decoder)
    co_return error_response(404, "not_found", "no such provider sends push messages here");
  // Which of two would count is a guess that others on the way may have made differently.
  bool ambiguous = false;
  const auto message = adapter->push_decoder->decode([&](std::string_view name) {
    ambiguous |= times_given(request, name) > 1;
    return request.header(name);
  });
  if (!message) co_return from_error(message.error());
  if (ambiguous) co_return error_response(400, "invalid_request", "a header of the message is given twice");
  const PushVerdict verdict = co_await services.push.accept(adapter->name, *message);
  services.log.debug("a push message was answered",
                     {.provider = adapter->name, .metadata = {{"verdict", std::to_string(static_cast<int>(verdict))}}});
  co_return answer_to(verdict);
}

}  // namespace

void add_webhook_routes(Router& router, const Services& services) {
  router.add({"POST", "/api/webhooks/calendar/{provider}", Access::anyone,
              [&services](Request request) { return receive(services, std::move(request)); }});
}

}  // namespace calsync::api
