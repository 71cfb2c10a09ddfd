// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/crypto.hpp"
#include "common/base/json.hpp"

namespace calsync::api {
namespace {

constexpr std::int64_t default_limit = 250;
constexpr std::int64_t largest_limit = 1000;

std::string page_token(const std::pair<std::string, std::string>& last) {
  return base64url(last.first + "|" + last.second);
}

Result<std::optional<std::pair<std::string, std::string>>> parse_page_token(const std::optional<std::string>& token) {
  if (!token) return std::optional<std::pair<std::string, std::string>>();
  const auto text = decode_base64(*token);
  const auto bar = text ? text->rfind('|') : std::string::npos;
  if (!text || bar == std::string::npos || !canonical_uuid(text->substr(bar + 1)) ||
      !db::parse_timestamp(text->substr(0, bar))) {
    return fail(Failure::invalid_input, "page_token is not one that this server gave out");
  }
  return std::optional(std::pair(text->substr(0, bar), text->substr(bar + 1)));
}

Task<Response> list_events(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  const auto query = read_query(request, {"provider_id", "from", "to", "limit", "page_token"});
  if (!query) co_return from_error(query.error());
  const auto owner = query->id<OwnerId>("provider_id");
  const auto from = query->time("from");
  const auto to = query->time("to");
  const auto limit = query->integer("limit", 1, largest_limit);
  const auto after = parse_page_token(query->text("page_token"));
  if (!owner) co_return from_error(owner.error());
  if (!from) co_return from_error(from.error());
  if (!to) co_return from_error(to.error());
  if (!limit) co_return from_error(limit.error());
  if (!after) co_return from_error(after.error());
  if (!*owner || !*from || !*to)
    co_return error_response(400, "invalid_request", "provider_id, from and to are required");
  if (**to <= **from) co_return error_response(400, "invalid_request", "to must be after from");
  const Admitted admitted = admit(services, sync::Operation::use_calendar, &**owner);
  if (!admitted) co_return admitted.refusal;
  if (!co_await services.connections.owner_exists(**owner))
    co_return error_response(404, "not_found", "there is no such provider_id");

  store::EventsQuery wanted{
      **owner, **from, **to, *after, static_cast<int>(limit->value_or(default_limit)), listed_connections(services)};
  const store::EventsPage page = co_await services.connections.events(*admitted, std::move(wanted));
  json::Writer writer;
  writer.begin_object().key("events").begin_array();
  for (const std::string& event : page.events) writer.raw(event);
  writer.end_array().key("next_page_token");
  page.last ? writer.value(page_token(*page.last)) : writer.null();
  writer.end_object();
  co_return json_response(200, writer.text());
}

}  // namespace

void add_event_routes(Router& router, const Services& services) {
  router.add({"GET", "/api/calendar/events", Access::app,
              [&services](Request request) { return list_events(services, std::move(request)); }});
}

}  // namespace calsync::api
