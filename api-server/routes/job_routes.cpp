// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/operator_inputs.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"

namespace calsync::api {
namespace {

constexpr int default_wait = 30;
constexpr int longest_wait = 300;
constexpr std::chrono::milliseconds look_again{25};

void put_summary(json::Writer& writer, const store::JobRun& run) {
  writer.key("summary").begin_object();
  writer.put("connections_processed", run.processed)
      .put("connections_succeeded", run.succeeded)
      .put("connections_failed", run.failed);
  writer.put("items_ingested", run.items_ingested)
      .put("items_updated", run.items_updated)
      .put("items_deleted", run.items_deleted);
  writer.put("outbound_retried", run.outbound_retried).put("outbound_succeeded", run.outbound_succeeded);
  writer.key("errors").begin_array();
  for (const auto& [connection, error] : run.errors)
    writer.begin_object().put("connection_id", connection).put("error", error).end_object();
  writer.end_array().put("duration_ms", run.duration_ms).end_object();
}

Response job_response(const JobRunId& id, const store::JobRun& run, Time now) {
  const std::string url = "/api/admin/calendar/jobs/" + id.str();
  json::Writer writer;
  writer.begin_object().put("success", run.finished && run.failed == 0).put("run_id", id.str());
  put_summary(writer, run);
  writer.put("run_by", run.run_by)
      .put("timestamp", format_rfc3339(now))
      .put("status", run.finished ? "finished" : "running");
  writer.put("connections_marked", run.marked).put("url", url).end_object();
  Response response = json_response(run.finished ? 200 : 202, writer.text());
  if (!run.finished) response.headers.emplace_back("Location", url);
  return response;
}

Task<Response> start_job(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::run_job); !flag) co_return flag.refusal;
  const auto body = read_body(request, {"provider_id", "connection_id", "window", "wait_seconds"});
  if (!body) co_return from_error(body.error());
  const auto owner = body->id<OwnerId>("provider_id");
  const auto connection = body->id<ConnectionId>("connection_id");
  const auto window = body->integer("window", 0, 525600);
  const auto wait = body->integer("wait_seconds", 0, longest_wait);
  if (!owner) co_return from_error(owner.error());
  if (!connection) co_return from_error(connection.error());
  if (!window) co_return from_error(window.error());
  if (!wait) co_return from_error(wait.error());
  const Admitted admitted =
      admit(services, sync::Operation::run_job, *owner ? &**owner : nullptr, *connection ? &**connection : nullptr);
  if (!admitted) co_return admitted.refusal;
  if (*connection) {
    const auto view = co_await services.connections.find(**connection);
    if (!view) co_return error_response(404, "not_found", "there is no such connection");
    const Admitted concerned = admit(services, sync::Operation::run_job, &view->facts.owner, &view->facts.connection);
    if (!concerned) co_return concerned.refusal;
  }
  if (*owner && !co_await services.connections.owner_exists(**owner))
    co_return error_response(404, "not_found", "there is no such provider_id");

  store::JobScope scope{*owner, *connection, {}};
  if (*window) scope.window_minutes = static_cast<int>(**window);
  const JobRunId id =
      co_await services.jobs.start(*admitted, services.gate, request.caller->name, scope, author_of(request));
  services.log.info("an admin job run was started",
                    {.metadata = {{"run_id", id.str()}, {"run_by", request.caller->name}}});
  const Deadline deadline(services.clock, std::chrono::seconds(wait->value_or(default_wait)));
  for (;;) {
    const std::optional<store::JobRun> run = co_await services.jobs.find(id);
    if (run->finished || deadline.passed(services.clock)) co_return job_response(id, *run, services.clock.now());
    co_await services.clock.sleep(look_again);
  }
}

Task<Response> show_job(const Services& services, Request request) {
  if (const Admitted flag = admit(services, sync::Operation::run_job); !flag) co_return flag.refusal;
  const auto id = JobRunId::parse(request.path_parameters.at("run_id"));
  std::optional<store::JobRun> run;
  if (id) run = co_await services.jobs.find(*id);
  if (!run) co_return error_response(404, "not_found", "there is no such job run");
  Response response = job_response(*id, *run, services.clock.now());
  response.status = 200;
  co_return response;
}

}  // namespace

void add_job_routes(Router& router, const Services& services) {
  router.add({"POST", "/api/admin/calendar/jobs/run", Access::admin,
              [&services](Request request) { return start_job(services, std::move(request)); }});
  router.add({"GET", "/api/admin/calendar/jobs/{run_id}", Access::admin,
              [&services](Request request) { return show_job(services, std::move(request)); }});
}

}  // namespace calsync::api
