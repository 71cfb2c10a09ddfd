// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"

namespace calsync::api {
namespace {

constexpr int longest_wait = 60;
constexpr std::chrono::milliseconds look_again{20};

std::string wait_json(const std::vector<store::Served>& served, const std::vector<store::Wake>& wakes, bool& failed,
                      bool& pending) {
  json::Writer writer;
  writer.begin_array();
  for (const store::Served& one : served) {
    failed |= one.served && !one.last_error.empty();
    pending |= !one.served;
    writer.begin_object().put("connection_id", one.connection.str()).put("served", one.served);
    writer.key("last_synced_at");
    one.last_synced_at ? writer.value(format_rfc3339(*one.last_synced_at)) : writer.null();
    writer.key("error");
    one.last_error.empty() ? writer.null() : writer.value(one.last_error);
    writer.end_object();
  }
  writer.end_array();
  // A connection that was disconnected meanwhile is not among the rows any more.
  failed |= served.size() < wakes.size();
  return writer.text();
}

Task<Response> wait_for_runs(const Services& services, std::vector<store::Wake> wakes, int seconds) {
  const Deadline deadline(services.clock, std::chrono::seconds(seconds));
  std::vector<store::Served> served;
  for (;;) {
    served = co_await services.connections.served(wakes);
    bool open = false;
    for (const store::Served& one : served) open |= !one.served && !one.blocked;
    if (!open || deadline.passed(services.clock)) break;
    co_await services.clock.sleep(look_again);
  }
  bool failed = false;
  bool pending = false;
  const std::string connections = wait_json(served, wakes, failed, pending);
  json::Writer writer;
  writer.begin_object()
      .put("success", !failed && !pending)
      .put("status", pending  ? "pending"
                     : failed ? "failed"
                              : "completed");
  writer.put_raw("connections", connections).end_object();
  co_return json_response(200, writer.text());
}

Task<Response> request_sync(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::use_calendar); !flag) co_return flag.refusal;
  const auto query = read_query(request, {"wait"});
  if (!query) co_return from_error(query.error());
  const auto wait = query->integer("wait", 0, longest_wait);
  if (!wait) co_return from_error(wait.error());
  const auto body = read_body(request, {"provider_id", "connection_id"});
  if (!body) co_return from_error(body.error());
  const auto owner = body->id<OwnerId>("provider_id");
  const auto connection = body->id<ConnectionId>("connection_id");
  if (!owner) co_return from_error(owner.error());
  if (!connection) co_return from_error(connection.error());
  if (owner->has_value() == connection->has_value()) {
    co_return error_response(400, "invalid_request", "give either provider_id or connection_id");
  }
  std::vector<store::Wake> wakes;
  if (*connection) {
    const FoundConnection found = co_await find_connection(services, (*connection)->str());
    if (!found) co_return found.refusal;
    wakes = co_await services.connections.wake(*found.admission, **connection, store::Priority::interactive);
  } else {
    const Admitted admitted = admit(services, sync::Operation::use_calendar, &**owner);
    if (!admitted) co_return admitted.refusal;
    if (!co_await services.connections.owner_exists(**owner))
      co_return error_response(404, "not_found", "there is no such provider_id");
    wakes = co_await services.connections.wake_owner(*admitted, **owner, store::Priority::interactive,
                                                     listed_connections(services));
  }
  if (*wait) co_return co_await wait_for_runs(services, std::move(wakes), static_cast<int>(**wait));
  json::Writer writer;
  writer.begin_object()
      .put("success", true)
      .put("status", "queued")
      .put("connections", static_cast<std::int64_t>(wakes.size()))
      .end_object();
  co_return json_response(202, writer.text());
}

}  // namespace

void add_sync_routes(Router& router, const Services& services) {
  router.add({"POST", "/api/calendar/sync", Access::app,
              [&services](Request request) { return request_sync(services, std::move(request)); }});
}

}  // namespace calsync::api
