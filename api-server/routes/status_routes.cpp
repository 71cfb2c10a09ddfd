// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/admit.hpp"
#include "api-server/routes/readiness.hpp"
#include "api-server/routes/routes.hpp"
#include "common/base/json.hpp"
#include "common/db/migrate.hpp"
#include "common/store/status_store.hpp"

namespace calsync::api {
namespace {

void put_list(json::Writer& writer, std::string_view name, const sync::Allowlist& list) {
  writer.key(name).begin_object().put("everybody", list.everybody).key("ids").begin_array();
  for (const std::string& id : list.ids) writer.value(id);
  writer.end_array().end_object();
}

void put_gate(json::Writer& writer, const sync::GateSettings& gate) {
  writer.put("environment", gate.production ? "production" : "development").key("flags").begin_object();
  for (const auto& [flag, on] : gate.flags) writer.put(sync::flag_name(flag), on);
  writer.end_object().key("allowlists").begin_object();
  put_list(writer, "CALENDAR_ALLOWLIST_PROVIDER_IDS", gate.owners);
  put_list(writer, "CALENDAR_ALLOWLIST_CONNECTION_IDS", gate.connections);
  writer.end_object().key("invalid_settings").begin_array();
  for (const sync::InvalidSetting& one : gate.invalid) {
    writer.begin_object().put("name", one.name).put("value", one.value).put("reason", one.reason).end_object();
  }
  writer.end_array();
}

void put_all(json::Writer& writer, std::string_view name, const std::vector<std::string>& objects) {
  writer.key(name).begin_array();
  for (const std::string& one : objects) writer.raw(one);
  writer.end_array();
}

void put_queue(json::Writer& writer, const store::QueueStatus& status) {
  writer.key("queue").begin_object();
  writer.put("connections", status.connections)
      .put("enabled", status.enabled)
      .put("needed", status.needed)
      .put("due", status.due);
  writer.put("leased", status.leased)
      .put("backing_off", status.backing_off)
      .put("failing", status.failing)
      .key("oldest_due_at");
  status.oldest_due_at ? writer.value(format_rfc3339(*status.oldest_due_at)) : writer.null();
  writer.put("freshness_seconds", status.freshness_seconds).end_object();
  put_all(writer, "circuits", status.circuits);
  put_all(writer, "blocked_budgets", status.blocked_buckets);
  put_all(writer, "workers", status.workers);
  writer.put("workers_alive", static_cast<std::int64_t>(status.workers.size()));
}

Task<Response> show_status(const Services& services, Request) {
  const store::QueueStatus status = co_await store::read_status(services.pool);
  json::Writer writer;
  writer.begin_object();
  put_gate(writer, services.gate);
  put_queue(writer, status);
  writer.key("versions").begin_object().put("api_server", services.version).put("schema", status.schema_version);
  writer.put("schema_required", db::required_schema_version()).end_object();
  writer.put("timestamp", format_rfc3339(services.clock.now())).end_object();
  co_return json_response(200, writer.text());
}

/// That the loop turns, and nothing else.
Task<Response> alive(Request) { co_return json_response(200, R"({"status":"ok"})"); }

}  // namespace

void add_status_routes(Router& router, const Services& services) {
  router.add({"GET", "/api/admin/calendar/status", Access::admin,
              [&services](Request request) { return show_status(services, std::move(request)); }});
  router.add({"GET", "/healthz", Access::anyone, [](Request request) { return alive(std::move(request)); }});
  router.add({"GET", "/readyz", Access::anyone,
              [&services](Request request) { return show_readiness(services, std::move(request)); }});
}

}  // namespace calsync::api
