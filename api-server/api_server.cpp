// SPDX-License-Identifier: Apache-2.0
#include "api-server/api_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api-server/gate_memory.hpp"
#include "api-server/http.hpp"
#include "api-server/routes/routes.hpp"
#include "api-server/web/page.hpp"
#include "api-server/web/web_routes.hpp"
#include "common/base/repeatable.hpp"
#include "common/db/migrate.hpp"
#include "common/http/http_server.hpp"
#include "common/net/beast_transport.hpp"
#include "common/store/postgres_credential_table.hpp"
#include "common/store/postgres_gate_table.hpp"
#include "common/store/postgres_push_channel_store.hpp"

namespace calsync::api {
namespace {

/// How long a stop may take for the last second's figures.
constexpr std::chrono::seconds last_flush{2};
/// And for the portion of a bulk action that is under way.
constexpr std::chrono::seconds last_portion{3};

TokenRing tokens(const Secret& text, CallerKind kind, const char* name) {
  auto ring = TokenRing::parse(text.reveal(), kind);
  if (!ring) throw std::runtime_error(std::string(name) + ": " + ring.error().message);
  return std::move(*ring);
}

void show_flags(Metrics& metrics, const sync::GateSettings& gate) {
  metrics.set_flags(gate.on(sync::Flag::sync), gate.on(sync::Flag::oauth), gate.on(sync::Flag::jobs),
                    gate.on(sync::Flag::webhook));
  metrics.set_invalid_settings(gate.invalid.size());
}

ServerOptions server_options(const Settings& settings, Metrics& metrics) {
  ServerOptions options;
  options.host = settings.server.host;
  options.port = static_cast<std::uint16_t>(settings.server.port);
  options.refused = [&metrics](const Request& request, int status) { count_refused_push(metrics, request, status); };
  options.max_connections = static_cast<std::size_t>(settings.server.max_connections);
  return options;
}

/// What docs/openapi.yaml is compared with: the router that serves, rather than a list that could differ from it.
void tell_addresses(const Log& log, const Router& router) {
  for (const auto& [method, path] : router.addresses())
    log.debug("an address is served", {.metadata = {{"method", method}, {"path", path}}});
}

}  // namespace

struct ApiServer::Parts {
  Parts(asio::io_context& io, Surroundings surroundings, Settings given, KeyRing key_ring,
        sync::GateSettings first_gate)
      : around(surroundings),
        settings(std::move(given)),
        keys(std::move(key_ring)),
        gate(std::move(first_gate)),
        pool(io.get_executor(), around.clock, settings.database_url,
             static_cast<std::size_t>(settings.database.pool_size)),
        transport(net::make_beast_transport(io.get_executor(), around.clock, providers::transport_options(settings))),
        registry(providers::registry_settings(settings), *transport, around.clock, metrics),
        credential_table(pool),
        credentials(credential_table, keys, around.random),
        connections(pool, credentials),
        flows(pool, keys, around.random),
        jobs(pool),
        operators(pool),
        bulk(pool),
        bulk_work(around.clock),
        channels(pool),
        push(io.get_executor(), around.clock, channels, gate),
        gate_table(pool),
        gates(around.clock, around.log, gate_table, gate_component, watched_flags),
        metrics_table(pool),
        flusher(around.clock, metrics_table, metrics, random_uuid(around.random)),
        fleet_metrics(around.clock, pool, metrics, flusher,
                      [this] { return store::make_view(gate, keys, registry.names()); }),
        services{around.clock, around.random, around.log,    settings,       gate,      keys, registry,
                 pool,         connections,   flows,         jobs,           operators, bulk, bulk_work,
                 push,         metrics,       fleet_metrics, around.version, draining},
        guesses(around.clock),
        router(
            tokens(settings.app_tokens, CallerKind::app, "CALENDAR_APP_TOKENS"),
            tokens(settings.admin_tokens, CallerKind::admin, "CALENDAR_ADMIN_TOKENS"),
            [this](const Request& request, int status) { count_refused_push(metrics, request, status); }, &guesses),
        door(around.clock, around.random, tokens(settings.admin_tokens, CallerKind::admin, "CALENDAR_ADMIN_TOKENS"),
             settings.server.public_url),
        pages{services, door},
        server(
            io.get_executor(), around.clock, around.log,
            [this](Request request) { return answer(*this, std::move(request)); }, server_options(settings, metrics)) {
    add_oauth_routes(router, services);
    add_connection_routes(router, services);
    add_sync_routes(router, services);
    add_event_routes(router, services);
    add_job_routes(router, services);
    add_operator_routes(router, services);
    add_metrics_routes(router, services);
    add_webhook_routes(router, services);
    add_status_routes(router, services);
    router.set_operators_door([this](Request& request) { return door.refuse(request); });
    add_web_routes(router, pages);
  }

  static Task<Response> answer(Parts& parts, Request request);

  Surroundings around;
  Settings settings;
  KeyRing keys;
  sync::GateSettings gate;
  Metrics metrics;
  db::Pool pool;
  std::unique_ptr<net::HttpTransport> transport;
  providers::Registry registry;
  store::PostgresCredentialTable credential_table;
  store::CredentialStore credentials;
  store::ConnectionStore connections;
  store::OAuthFlowStore flows;
  store::JobRunStore jobs;
  store::OperatorStore operators;
  store::BulkStore bulk;
  BulkWork bulk_work;
  store::PostgresPushChannelStore channels;
  PushIntake push;
  store::PostgresGateTable gate_table;
  store::GateRecorder gates;
  store::PostgresMetricsTable metrics_table;
  store::MetricsFlusher flusher;
  FleetMetrics fleet_metrics;
  bool draining = false;
  Services services;
  Guesses guesses;
  Router router;
  web::Door door;
  web::Pages pages;
  HttpServer server;
};

/// A database that is away is 503 and nobody's bug; every other exception is the session's 500. People are answered
/// with pages.
Task<Response> ApiServer::Parts::answer(Parts& parts, Request request) {
  const std::string path = presentable_path(request.path());
  const bool is_page = !request.segments.empty() && request.segments.front() == "admin";
  std::string reason;
  try {
    Response response = co_await parts.router.route(std::move(request));
    const bool unknown = is_page && response.status == 404 && !response.content_type.starts_with("text/html");
    if (unknown) co_return web::problem_page(404, "There is no such page.", "The address may have been cut off.");
    co_return response;
  } catch (const db::DatabaseError& error) {
    if (!error.sqlstate().empty() && !error.sqlstate().starts_with("57") && !error.sqlstate().starts_with("08")) throw;
    reason = error.what();
  }
  parts.around.log.error("a request failed because the database is away",
                         {.error_code = "database_error", .metadata = {{"path", path}, {"reason", reason}}});
  Response response = is_page ? web::problem_page(503, "The database cannot be reached.",
                                                  "Try again soon; the log of calsync-api says more.")
                              : error_response(503, "database_error", "the database cannot be reached; try again soon");
  response.headers.emplace_back("Retry-After", "5");
  co_return response;
}

ApiServer::ApiServer(asio::io_context& io, Surroundings surroundings, Settings settings, KeyRing keys,
                     sync::GateSettings gate)
    : parts_(std::make_unique<Parts>(io, surroundings, std::move(settings), std::move(keys), std::move(gate))) {}

ApiServer::~ApiServer() = default;

Task<void> ApiServer::serve(std::function<void(std::uint16_t port)> ready) {
  Parts& parts = *parts_;
  co_await db::require_schema(parts.pool);
  co_await set_gate(parts.gate);
  asio::co_spawn(co_await asio::this_coro::executor, parts.flusher.serve(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  tell_addresses(parts.around.log, parts.router);
  ready(parts.server.port());
  co_await parts.server.serve();
  co_await parts.server.drained(std::chrono::seconds(parts.settings.server.drain_seconds));
  co_await parts.bulk_work.ended(Deadline(parts.around.clock, last_portion));
  co_await parts.flusher.flush(Deadline(parts.around.clock, last_flush));
}

void ApiServer::stop() {
  parts_->draining = true;
  parts_->gates.stop();
  parts_->bulk_work.stop();
  parts_->server.begin_drain();
}

Task<void> ApiServer::set_gate(sync::GateSettings gate) {
  Parts& parts = *parts_;
  parts.gate = std::move(gate);
  show_flags(parts.metrics, parts.gate);
  for (const sync::InvalidSetting& one : parts.gate.invalid) {
    parts.around.log.error("a setting is invalid",
                           {.error_code = "configuration_error",
                            .metadata = {{"name", one.name}, {"value", one.value}, {"reason", one.reason}}});
  }
  co_await parts.gates.record(parts.gate);
}

}  // namespace calsync::api
