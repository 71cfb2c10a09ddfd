// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api-server/routes/admit.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"

namespace calsync::api {
namespace {

using Verdicts = std::vector<PushVerdict>;

Response taken(int status, const char* result) {
  json::Writer writer;
  writer.begin_object().put("success", true).put("result", result).end_object();
  return json_response(status, writer.text());
}

bool has(const Verdicts& verdicts, PushVerdict wanted) {
  return std::find(verdicts.begin(), verdicts.end(), wanted) != verdicts.end();
}

/// A refusal ends the matter at the provider, too: it repeats only what was answered with 5xx. One of several items
/// that is refused is not worth a refusal of them all.
Response answer_to(const Verdicts& verdicts, int accepted) {
  if (has(verdicts, PushVerdict::woken)) return taken(accepted, "accepted");
  if (verdicts.empty() || has(verdicts, PushVerdict::ignored)) return taken(accepted, "ignored");
  if (has(verdicts, PushVerdict::not_allowlisted))
    return error_response(403, "not_allowlisted", "Calendar sync is not enabled");
  if (has(verdicts, PushVerdict::disabled))
    return error_response(403, "calendar_sync_disabled", "Calendar sync is not enabled");
  return error_response(401, "invalid_channel", "this is not a message of one of our channels");
}

/// The provider wants its own words back and nothing else.
Response greet(const providers::PushHandshake& handshake) {
  Response response;
  response.body = handshake.text;
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

auto times_given(const std::vector<Header>& parts, std::string_view name) {
  return std::count_if(parts.begin(), parts.end(), [name](const Header& one) { return one.first == name; });
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

/// Counts the items of one message when it has been answered, by an exception too.
class Counted {
 public:
  Counted(Metrics& metrics, std::string provider) : metrics_(metrics), provider_(std::move(provider)) {}
  ~Counted() {
    for (const WebhookResult result : results_) metrics_.webhook(provider_, result);
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  void as(WebhookResult result, std::size_t items = 1) { results_.assign(items, result); }
  void as(const Verdicts& verdicts, int malformed) {
    results_.assign(static_cast<std::size_t>(malformed), WebhookResult::malformed);
    for (const PushVerdict verdict : verdicts) results_.push_back(result_of(verdict));
    if (results_.empty()) results_.push_back(WebhookResult::ignored);
  }

 private:
  Metrics& metrics_;
  std::string provider_;
  std::vector<WebhookResult> results_{WebhookResult::internal_error};
};

Task<Verdicts> judge(const Services& services, std::string provider, providers::PushMessage message, Counted& counted) {
  const std::size_t items = message.items.size();
  counted.as(WebhookResult::internal_error, items);
  if (items == 0) co_return Verdicts();
  try {
    co_return co_await services.push.accept(std::move(provider), std::move(message.items));
  } catch (const db::DatabaseError&) {
    counted.as(WebhookResult::database_error, items);
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
  const auto header = [&](std::string_view name) {
    ambiguous |= times_given(request.headers, name) > 1;
    return request.header(name);
  };
  const auto query = [&](std::string_view name) -> std::string_view {
    ambiguous |= times_given(request.query, name) > 1;
    for (const auto& [key, value] : request.query) {
      if (key == name) return value;
    }
    return {};
  };
  const auto decoded = adapter->push_decoder->decode({header, query, request.body});
  const auto* handshake = decoded ? std::get_if<providers::PushHandshake>(&*decoded) : nullptr;
  if (!handshake) {
    if (auto refusal = refuse_content(request)) co_return *std::move(refusal);
  }
  if (!decoded) co_return from_error(decoded.error());
  if (ambiguous) co_return error_response(400, "invalid_request", "a part of the message is given twice");
  if (handshake) {
    counted.as(WebhookResult::handshake);
    co_return greet(*handshake);
  }
  const auto& message = std::get<providers::PushMessage>(*decoded);
  const Verdicts verdicts = co_await judge(services, adapter->name, message, counted);
  counted.as(verdicts, message.malformed);
  if (services.log.shows(Level::debug)) {
    for (const PushVerdict verdict : verdicts) {
      const std::string_view result = webhook_result_name(result_of(verdict));
      services.log.debug("a push message was answered",
                         {.provider = adapter->name, .metadata = {{"result", std::string(result)}}});
    }
  }
  co_return answer_to(verdicts, message.accepted);
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
              [&services](Request request) { return receive(services, std::move(request)); }, true});
}

}  // namespace calsync::api
