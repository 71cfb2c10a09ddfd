// SPDX-License-Identifier: Apache-2.0
#include "api-server/routes/inputs.hpp"
#include "api-server/routes/routes.hpp"

namespace calsync::api {
namespace {

Task<Response> show_text(const Services& services, Request) {
  co_return metrics_response(metrics_text(co_await services.fleet_metrics.read()));
}

Task<Response> show_metrics(const Services& services, Request request) {
  const auto query = read_query(request, {"format"});
  if (!query) co_return from_error(query.error());
  const std::string format = query->text("format").value_or("json");
  if (format != "json" && format != "prometheus")
    co_return error_response(400, "invalid_request", "format must be json or prometheus");
  const MetricFamilies families = co_await services.fleet_metrics.read();
  if (format == "prometheus") co_return metrics_response(metrics_text(families));
  co_return json_response(200, metrics_json(families));
}

}  // namespace

void add_metrics_routes(Router& router, const Services& services) {
  router.add({"GET", "/api/ops/metrics/calendar", Access::admin,
              [&services](Request request) { return show_metrics(services, std::move(request)); }});
  // The figures name no owner, no account and no event; most scrapers are set up without a token.
  const Access scrapers = services.settings.server.metrics_public ? Access::anyone : Access::admin;
  router.add(
      {"GET", "/metrics", scrapers, [&services](Request request) { return show_text(services, std::move(request)); }});
}

}  // namespace calsync::api
