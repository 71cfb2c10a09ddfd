// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/router.hpp"
#include "api-server/services.hpp"

namespace calsync::api {

// Each adds the endpoints of one room of docs/openapi.yaml. A route reads its input, asks the gate, calls a store and
// says what became of it.
void add_oauth_routes(Router& router, const Services& services);
void add_connection_routes(Router& router, const Services& services);
void add_sync_routes(Router& router, const Services& services);
void add_event_routes(Router& router, const Services& services);
void add_job_routes(Router& router, const Services& services);
/// What people on call see and do.
void add_operator_routes(Router& router, const Services& services);
void add_metrics_routes(Router& router, const Services& services);
/// Counts a push message that was answered with `status` before its route saw it; any other request is left alone.
void count_refused_push(Metrics& metrics, const Request& request, int status);
void add_webhook_routes(Router& router, const Services& services);
void add_status_routes(Router& router, const Services& services);

}  // namespace calsync::api
