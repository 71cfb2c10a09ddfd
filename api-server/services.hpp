// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/bulk_work.hpp"
#include "api-server/fleet_metrics.hpp"
#include "api-server/push_intake.hpp"
#include "common/base/config.hpp"
#include "common/providers/registry.hpp"
#include "common/store/bulk_store.hpp"
#include "common/store/connection_store.hpp"
#include "common/store/job_run_store.hpp"
#include "common/store/oauth_flow_store.hpp"

namespace calsync::api {

/// What the routes work with. Outlives every request.
struct Services {
  AsyncClock& clock;
  Random& random;
  const Log& log;
  const Settings& settings;
  const sync::GateSettings& gate;  ///< replaced in place by SIGHUP
  const KeyRing& keys;
  const providers::Registry& registry;
  db::Pool& pool;
  store::ConnectionStore& connections;
  store::OAuthFlowStore& flows;
  store::JobRunStore& jobs;
  store::OperatorStore& operators;
  store::BulkStore& bulk;
  BulkWork& bulk_work;
  PushIntake& push;
  Metrics& metrics;
  FleetMetrics& fleet_metrics;
  std::string version;
  const bool& draining;  ///< true from the moment the server was told to stop
};

}  // namespace calsync::api
