// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/operator_json.hpp"
#include "api-server/routes/operator_routes.hpp"

namespace calsync::api {
namespace {

constexpr std::int64_t default_limit = 50;
constexpr std::int64_t largest_limit = 200;

Task<Response> failed_events(const Services& services, Request request) {
  const auto query = read_query(request, {"connection_id", "provider_id", "error_code", "limit", "page_token"});
  if (!query) co_return from_error(query.error());
  const auto connection = query->id<ConnectionId>("connection_id");
  const auto owner = query->id<OwnerId>("provider_id");
  const auto limit = query->integer("limit", 1, largest_limit);
  const auto after = parse_id_page_token(query->text("page_token"));
  if (!connection) co_return from_error(connection.error());
  if (!owner) co_return from_error(owner.error());
  if (!limit) co_return from_error(limit.error());
  if (!after) co_return from_error(after.error());
  const auto shown = static_cast<std::size_t>(limit->value_or(default_limit));
  store::FailedEventQuery wanted{*connection, *owner, query->text("error_code"), *after, static_cast<int>(shown) + 1};
  const std::vector<store::FailedEvent> events = co_await services.operators.failed_events(std::move(wanted));
  json::Writer writer;
  writer.begin_object().key("events").begin_array();
  for (std::size_t i = 0; i < std::min(events.size(), shown); ++i) put_failed_event(writer, events[i]);
  writer.end_array().key("next_page_token");
  events.size() > shown ? writer.value(id_page_token(events[shown - 1].id)) : writer.null();
  writer.end_object();
  co_return json_response(200, writer.text());
}

Response retried(std::int64_t events) {
  json::Writer writer;
  writer.begin_object().put("success", true).put("events", events).end_object();
  return json_response(200, writer.text());
}

/// Works with everything off, as the runbook's SQL does: the workers import when the gate lets them.
Task<Response> retry(const Services& services, Request request) {
  const auto body = read_body(request, {"event_id", "connection_id", "reason"});
  if (!body) co_return from_error(body.error());
  const auto event = body->id<ConnectionId>("event_id");
  const auto connection = body->id<ConnectionId>("connection_id");
  const auto given = body->text("reason");
  if (!event) co_return from_error(event.error());
  if (!connection) co_return from_error(connection.error());
  if (!given) co_return from_error(given.error());
  auto reason = parse_reason(*given, false);
  if (!reason) co_return from_error(reason.error());
  if (event->has_value() == connection->has_value())
    co_return error_response(400, "invalid_request", "give either event_id or connection_id");
  if (*connection) {
    if (!co_await services.connections.find(**connection))
      co_return error_response(404, "not_found", "there is no such connection");
    co_return retried(co_await services.operators.retry_events(**connection, author_of(request, *std::move(reason))));
  }
  if (!co_await services.operators.retry_event((*event)->str(), author_of(request, *std::move(reason))))
    co_return error_response(404, "not_found", "there is no such failed event");
  co_return retried(1);
}

Task<Response> audit(const Services& services, Request request) {
  const auto query = read_query(request, {"actor", "action", "connection_id", "provider_id", "before", "limit"});
  if (!query) co_return from_error(query.error());
  const auto connection = query->id<ConnectionId>("connection_id");
  const auto owner = query->id<OwnerId>("provider_id");
  const auto before = query->integer("before", 1, std::numeric_limits<std::int64_t>::max());
  const auto limit = query->integer("limit", 1, largest_limit);
  if (!connection) co_return from_error(connection.error());
  if (!owner) co_return from_error(owner.error());
  if (!before) co_return from_error(before.error());
  if (!limit) co_return from_error(limit.error());
  const auto shown = static_cast<std::size_t>(limit->value_or(default_limit));
  store::AuditQuery wanted{query->text("actor"),       query->text("action"), *connection, *owner, *before,
                           static_cast<int>(shown) + 1};
  const std::vector<store::AuditLine> lines = co_await services.operators.audit(std::move(wanted));
  json::Writer writer;
  writer.begin_object().key("actions").begin_array();
  for (std::size_t i = 0; i < std::min(lines.size(), shown); ++i) put_audit_line(writer, lines[i]);
  writer.end_array().key("before");
  lines.size() > shown ? writer.value(lines[shown - 1].id) : writer.null();
  writer.end_object();
  co_return json_response(200, writer.text());
}

Task<Response> job_runs(const Services& services, Request request) {
  const auto query = read_query(request, {"limit"});
  if (!query) co_return from_error(query.error());
  const auto limit = query->integer("limit", 1, 100);
  if (!limit) co_return from_error(limit.error());
  const int shown = static_cast<int>(limit->value_or(20));
  std::vector<store::JobRunLine> lines = co_await services.operators.job_runs(shown);
  bool closed = false;
  for (const store::JobRunLine& line : lines) {
    // A look at a run that has nothing left to wait for ends it.
    if (line.finished_at) continue;
    const auto run = co_await services.jobs.find(line.id);
    closed |= run && run->finished;
  }
  if (closed) lines = co_await services.operators.job_runs(shown);
  json::Writer writer;
  writer.begin_object().key("jobs").begin_array();
  for (const store::JobRunLine& line : lines) put_job_line(writer, line);
  writer.end_array().end_object();
  co_return json_response(200, writer.text());
}

}  // namespace

void add_record_routes(Router& router, const Services& services) {
  const std::string base = "/api/admin/calendar";
  router.add({"GET", base + "/events/failed", Access::admin,
              [&services](Request request) { return failed_events(services, std::move(request)); }});
  router.add({"POST", base + "/events/retry", Access::admin,
              [&services](Request request) { return retry(services, std::move(request)); }});
  router.add({"GET", base + "/audit", Access::admin,
              [&services](Request request) { return audit(services, std::move(request)); }});
  router.add({"GET", base + "/jobs", Access::admin,
              [&services](Request request) { return job_runs(services, std::move(request)); }});
}

}  // namespace calsync::api
