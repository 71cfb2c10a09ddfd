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

WebhookResult result_of(PushVerdict verdict) {
  switch (verdict) {
    case PushVerdict::woken:
      return WebhookResult::accepted;
    case PushVerdict::ignored:
      return WebhookResult::ignored;
    case PushVerdict::forged:
      return WebhookResult::invalid_channel;
    case PushVerdict::not_allowlisted:
      return WebhookResult::not_allowlisted;
    case PushVerdict::disabled:
      return WebhookResult::disabled;
  }
  return WebhookResult::internal_error;
}

/// Counts one message when it has been answered, by an exception too.
class Counted {
 public:
  Counted(Metrics& metrics, std::string provider) : metrics_(metrics), provider_(std::move(provider)) {}
  ~Counted() { metrics_.webhook(provider_, result_); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  void as(WebhookResult result) { result_ = result; }

 private:
  Metrics& metrics_;
  std::string provider_;
  WebhookResult result_ = WebhookResult::internal_error;
};

Task<PushVerdict> judge(const Services& services, std::string provider, providers::PushMessage message,
                        Counted& counted) {
  try {
    const PushVerdict verdict = co_await services.push.accept(std::move(provider), std::move(message));
    counted.as(result_of(verdict));
    co_return verdict;
  } catch (const db::DatabaseError&) {
    counted.as(WebhookResult::database_error);
    throw;
  }
}

Task<Response> receive(const Services& services, Request request) {
  Counted counted(services.metrics, request.path_parameters.at("provider"));
  counted.as(WebhookResult::disabled);
  // The switch is no secret, unlike the lists: those are asked once the channel has proved itself.
  if (const Admitted flag = admit(services, sync::Operation::receive_push); !flag) co_return flag.refusal;
  counted.as(WebhookResult::unknown_provider);
  const providers::Adapter* adapter = services.registry.find(request.path_parameters.at("provider"));
  if (!adapter || !adapter->push_decoder)
    co_return error_response(404, "not_found", "no such provider sends push messages here");
  counted.as(WebhookResult::malformed);
  // Which of two would count is a guess that others on the way may have made differently.
  bool ambiguous = false;
  const auto message = adapter->push_decoder->decode([&](std::string_view name) {
    ambiguous |= times_given(request, name) > 1;
    return request.header(name);
  });
  if (!message) co_return from_error(message.error());
  if (ambiguous) co_return error_response(400, "invalid_request", "a header of the message is given twice");
  counted.as(WebhookResult::internal_error);
  const PushVerdict verdict = co_await judge(services, adapter->name, *message, counted);
  if (services.log.shows(Level::debug)) {
    const std::string_view result = webhook_result_name(result_of(verdict));
    services.log.debug("a push message was answered",
                       {.provider = adapter->name, .metadata = {{"result", std::string(result)}}});
  }
  co_return answer_to(verdict);
}

}  // namespace

void count_refused_push(Metrics& metrics, const Request& request, int status) {
  if (request.segments.size() != 4 || request.segments[0] != "api" || request.segments[1] != "webhooks" ||
      request.segments[2] != "calendar")
    return;
  const WebhookResult result = status == 413   ? WebhookResult::too_large
                               : status == 408 ? WebhookResult::timeout
                                               : WebhookResult::malformed;
  metrics.webhook(request.segments[3], result);
}

void add_webhook_routes(Router& router, const Services& services) {
  router.add({"POST", "/api/webhooks/calendar/{provider}", Access::anyone,
              [&services](Request request) { return receive(services, std::move(request)); }});
}

}  // namespace calsync::api
