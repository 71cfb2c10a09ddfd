// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.hpp"

namespace calsync {
namespace {

MetricFamily named(const char* name, const char* help) {
  return {name, help, MetricFamily::Kind::gauge, std::vector<MetricFamily::Sample>()};
}

MetricFamily gauge(const char* name, const char* help, std::int64_t value) {
  MetricFamily family = named(name, help);
  family.samples.push_back({{}, static_cast<double>(value), 0, {}});
  return family;
}

MetricFamily gauge(const char* name, const char* help, const char* label, const FleetFigures::ByLabel& values) {
  MetricFamily family = named(name, help);
  for (const auto& [of, value] : values) family.samples.push_back({{{label, of}}, static_cast<double>(value), 0, {}});
  return family;
}

/// By provider and one label more.
MetricFamily gauge(const char* name, const char* help, const char* label, const FleetFigures::ByTwo& values) {
  MetricFamily family = named(name, help);
  for (const auto& [of, value] : values) {
    family.samples.push_back({{{"provider", of.first}, {label, of.second}}, static_cast<double>(value), 0, {}});
  }
  return family;
}

MetricFamily freshness(const std::optional<std::int64_t>& seconds) {
  const char* name = "calendar_sync_freshness_seconds";
  const char* help = "Age of the last success of the enabled connection that is least in step.";
  return seconds ? gauge(name, help, *seconds) : named(name, help);
}

}  // namespace

MetricFamilies fleet_gauges(const FleetFigures& figures) {
  return {
      gauge("calendar_queue_due", "Connections that are due and that no worker has.", figures.due),
      gauge("calendar_queue_leased", "Connections that a worker works on.", figures.leased),
      gauge("calendar_queue_backoff", "Connections that wait after a failure.", figures.backing_off),
      gauge("calendar_queue_oldest_due_seconds",
            "How long the connection that waits longest for a worker has been due.", "provider",
            figures.oldest_due_seconds),
      freshness(figures.freshness_seconds),
      gauge("calendar_mirror_failed_events", "Mirrored events that could not be understood.", figures.failed_events),
      gauge("calendar_workers_alive", "Workers that were heard in the last fifteen seconds.", figures.workers_alive),
      gauge("calendar_connections", "Connections by their state.", "state", figures.connections),
      gauge("calendar_connections_expected", "Connections that polling is to keep in step.", "provider",
            figures.expected),
      gauge("calendar_connections_stale",
            "Of those expected to be in step, the ones without a success for two poll intervals and a minute, by who "
            "can mend it.",
            "owner", figures.stale),
      gauge("calendar_grants_overdue",
            "Of those expected to be in step, the ones whose access token ran out more than two poll intervals and a "
            "minute ago.",
            "provider", figures.grants_overdue),
      gauge("calendar_sealed_secrets", "Stored secrets by the place of their key in the key ring.", "key",
            figures.sealed),
      gauge("calendar_push_channels", "Push channels by state.", "state", figures.push_channels),
      gauge(
          "calendar_provider_circuits",
          "Hosts of providers by the state of their circuit: open and half_open are away, ramping is on its way back.",
          "state", figures.circuits),
  };
}

}  // namespace calsync
