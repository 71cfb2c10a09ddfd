// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "common/base/metrics_rows.hpp"
#include "common/base/result.hpp"

namespace calsync {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

constexpr std::string_view other = "other";
constexpr std::array<std::string_view, 5> outcomes{"complete", "retry", "snooze", "suspend", "discard"};
constexpr std::array<std::string_view, 6> states = {"active",        "delayed",      "throttled",
                                                    "provider_down", "needs_reauth", "suspended"};
constexpr std::array<std::string_view, 4> actions{"ingested", "updated", "deleted", "failed"};
/// A quiet poll takes tens of milliseconds, the first read of a full account minutes.
const Histogram::BucketBoundaries run_bounds{25,   50,    100,   250,   500,    1000,   2500,
                                             5000, 10000, 30000, 60000, 300000, 1800000};
/// The promise is seconds; an hour means that a backoff lay in between.
const Histogram::BucketBoundaries mirror_bounds{100,   250,   500,   1000,   2000,   3000,   5000,
                                                10000, 30000, 60000, 300000, 900000, 3600000};

/// The registry leaves out families without series; what is declared is shown all the same.
struct Declared {
  Registry registry{};
  MetricFamilies families{};
};

Family<Counter>& counter(Declared& declared, const char* name, const char* help) {
  declared.families.push_back({name, help, MetricFamily::Kind::counter, {}});
  return prometheus::BuildCounter().Name(name).Help(help).Register(declared.registry);
}

Gauge& gauge(Declared& declared, const char* name, const char* help) {
  declared.families.push_back({name, help, MetricFamily::Kind::gauge, {}});
  return prometheus::BuildGauge().Name(name).Help(help).Register(declared.registry).Add({});
}

Family<Histogram>& histogram(Declared& declared, const char* name, const char* help) {
  declared.families.push_back({name, help, MetricFamily::Kind::histogram, {}});
  return prometheus::BuildHistogram().Name(name).Help(help).Register(declared.registry);
}

std::set<std::string, std::less<>> every_error_code() {
  std::set<std::string, std::less<>> codes;
  for (int failure = 0; failure <= static_cast<int>(Failure::internal); ++failure)
    codes.emplace(error_code(static_cast<Failure>(failure)));
  return codes;
}

template <class Known>
std::string among(const Known& known, std::string_view value) {
  return std::string(std::find(known.begin(), known.end(), value) == known.end() ? other : value);
}

std::string status_class(int status) {
  if (status == 429) return "429";
  if (status < 100 || status > 599) return "error";
  return std::string(1, static_cast<char>('0' + status / 100)) + "xx";
}

double milliseconds(Duration took) { return std::max(0.0, std::chrono::duration<double, std::milli>(took).count()); }

}  // namespace

std::string_view webhook_result_name(WebhookResult result) {
  switch (result) {
    case WebhookResult::accepted:
      return "accepted";
    case WebhookResult::ignored:
      return "ignored";
    case WebhookResult::handshake:
      return "handshake";
    case WebhookResult::invalid_channel:
      return "invalid_channel";
    case WebhookResult::not_allowlisted:
      return "not_allowlisted";
    case WebhookResult::disabled:
      return "disabled";
    case WebhookResult::malformed:
      return "malformed";
    case WebhookResult::unknown_provider:
      return "unknown_provider";
    case WebhookResult::too_large:
      return "too_large";
    case WebhookResult::timeout:
      return "timeout";
    case WebhookResult::database_error:
      return "database_error";
    case WebhookResult::internal_error:
      return "internal_error";
  }
  return other;
}

struct Metrics::Parts {
  Histogram& run_histogram(const std::string& provider) { return latency.Add({{"provider", provider}}, run_bounds); }
  std::string provider(std::string_view name) const { return among(providers, name); }
  double durable_of(const MetricTotals::key_type& series) const {
    const auto found = durable.find(series);
    return found == durable.end() ? 0 : found->second;
  }

  Declared declared;
  Family<Counter>& runs = counter(declared, "calendar_sync_runs_total", "Runs that ended, by outcome.");
  Family<Counter>& failures =
      counter(declared, "calendar_sync_failures_total", "Runs that ended with retry or suspend, by error code.");
  Family<Counter>& processed =
      counter(declared, "calendar_sync_items_processed", "Events that runs wrote, by what became of them.");
  Family<Histogram>& latency =
      histogram(declared, "calendar_sync_latency_ms", "Time from a claim to its verdict, in milliseconds.");
  Family<Histogram>& mirror_family =
      histogram(declared, "calendar_sync_change_to_mirror_ms",
                "Time from the first wake-up that no run had begun to serve to the commit of what the run wrote, in "
                "milliseconds.");
  Family<Counter>& webhooks = counter(declared, "calendar_webhooks_total", "Push messages by the answer they got.");
  Family<Counter>& missed = counter(declared, "calendar_missed_push_total",
                                    "Changes that a scheduled poll found and that an open push channel had not "
                                    "announced.");
  Family<Counter>& states = counter(declared, "calendar_connection_state_changes_total",
                                    "Connections that came into a state, as runs found them.");
  Family<Counter>& requests =
      counter(declared, "calendar_provider_requests_total", "Requests to providers by the class of their answer.");
  Gauge& sync_enabled = gauge(declared, "calendar_sync_enabled", "CALENDAR_SYNC_ENABLED as this process runs.");
  Gauge& oauth_enabled = gauge(declared, "calendar_oauth_enabled", "CALENDAR_OAUTH_ENABLED as this process runs.");
  Gauge& jobs_enabled = gauge(declared, "calendar_jobs_enabled", "CALENDAR_JOBS_ENABLED as this process runs.");
  Gauge& webhook_enabled =
      gauge(declared, "calendar_webhook_enabled", "CALENDAR_WEBHOOK_ENABLED as this process runs.");
  Gauge& invalid_settings =
      gauge(declared, "calendar_invalid_settings", "Flags and list entries that this process could not understand.");
  Gauge& database_up = gauge(declared, "calendar_database_up", "Whether the database answered just now.");
  Gauge& pool_size = gauge(declared, "calendar_database_pool_size", "Sessions that the pool may hold.");
  Gauge& pool_in_use = gauge(declared, "calendar_database_pool_in_use", "Sessions of the pool at work.");
  Gauge& pool_waiting =
      gauge(declared, "calendar_database_pool_waiting", "Requests that wait for a session of the pool.");
  Family<Counter>& cpu_family =
      counter(declared, "process_cpu_seconds_total", "CPU time of this process, user and system.");
  Gauge& resident = gauge(declared, "process_resident_memory_bytes", "Resident memory of this process.");
  Gauge& open_fds = gauge(declared, "process_open_fds", "Open file descriptors of this process.");
  Gauge& max_fds = gauge(declared, "process_max_fds", "File descriptors that this process may open.");
  Gauge& started = gauge(declared, "process_start_time_seconds", "Start of this process, since 1970.");
  Histogram& mirrored = mirror_family.Add({}, mirror_bounds);
  Counter& cpu = cpu_family.Add({});
  std::set<std::string, std::less<>> providers;
  const std::set<std::string, std::less<>> codes = every_error_code();
  MetricTotals durable;
  bool at_rest = true;  ///< nothing was counted since all of it was known to be durable
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {}
Metrics::~Metrics() = default;

void Metrics::know_provider(std::string_view name, bool pushes) {
  const std::string provider(name);
  parts_->providers.insert(provider);
  for (const std::string_view outcome : outcomes)
    parts_->runs.Add({{"provider", provider}, {"outcome", std::string(outcome)}});
  for (const std::string_view action : actions)
    parts_->processed.Add({{"provider", provider}, {"action", std::string(action)}});
  for (const std::string_view state : states)
    parts_->states.Add({{"provider", provider}, {"state", std::string(state)}});
  // From nothing to one is no increase to Prometheus: a first failure would alert nobody.
  for (const std::string& code : parts_->codes) parts_->failures.Add({{"provider", provider}, {"error_code", code}});
  parts_->run_histogram(provider);
  if (!pushes) return;
  parts_->missed.Add({{"provider", provider}});
  for (int result = 0; result <= static_cast<int>(WebhookResult::internal_error); ++result) {
    const std::string_view label = webhook_result_name(static_cast<WebhookResult>(result));
    parts_->webhooks.Add({{"provider", provider}, {"result", std::string(label)}});
  }
}

Metrics::Parts& Metrics::counted() {
  parts_->at_rest = false;
  return *parts_;
}

void Metrics::run_ended(std::string_view provider, std::string_view outcome, std::string_view error_code) {
  const std::string name = parts_->provider(provider);
  counted().runs.Add({{"provider", name}, {"outcome", among(outcomes, outcome)}}).Increment();
  if (error_code.empty()) return;
  counted().failures.Add({{"provider", name}, {"error_code", among(parts_->codes, error_code)}}).Increment();
}

void Metrics::run_took(std::string_view provider, Duration took) {
  counted().run_histogram(parts_->provider(provider)).Observe(milliseconds(took));
}

void Metrics::items(std::string_view provider, const ItemFigures& figures) {
  const std::string name = parts_->provider(provider);
  const std::array<std::int64_t, 4> counts{figures.ingested, figures.updated, figures.deleted, figures.failed};
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (counts[i] <= 0) continue;
    counted()
        .processed.Add({{"provider", name}, {"action", std::string(actions[i])}})
        .Increment(static_cast<double>(counts[i]));
  }
}

void Metrics::change_mirrored(Duration took) { counted().mirrored.Observe(milliseconds(took)); }

void Metrics::state_changed(std::string_view provider, std::string_view state) {
  counted().states.Add({{"provider", parts_->provider(provider)}, {"state", among(states, state)}}).Increment();
}

void Metrics::missed_pushes(std::string_view provider, std::int64_t count) {
  if (count <= 0) return;
  counted().missed.Add({{"provider", parts_->provider(provider)}}).Increment(static_cast<double>(count));
}

void Metrics::webhook(std::string_view provider, WebhookResult result) {
  counted()
      .webhooks.Add({{"provider", parts_->provider(provider)}, {"result", std::string(webhook_result_name(result))}})
      .Increment();
}

void Metrics::provider_request(std::string_view provider, std::string_view operation, int status) {
  counted()
      .requests
      .Add({{"provider", parts_->provider(provider)},
            {"operation", std::string(operation)},
            {"status_class", status_class(status)}})
      .Increment();
}

void Metrics::set_flags(bool sync, bool oauth, bool jobs, bool webhook) {
  parts_->sync_enabled.Set(sync ? 1 : 0);
  parts_->oauth_enabled.Set(oauth ? 1 : 0);
  parts_->jobs_enabled.Set(jobs ? 1 : 0);
  parts_->webhook_enabled.Set(webhook ? 1 : 0);
}

void Metrics::set_invalid_settings(std::size_t count) { parts_->invalid_settings.Set(static_cast<double>(count)); }

void Metrics::set_pool(const PoolFigures& figures) {
  parts_->pool_size.Set(static_cast<double>(figures.size));
  parts_->pool_in_use.Set(static_cast<double>(figures.in_use));
  parts_->pool_waiting.Set(static_cast<double>(figures.waiting));
}

void Metrics::set_process(const ProcessFigures& figures) {
  parts_->cpu.Increment(std::max(0.0, figures.cpu_seconds - parts_->cpu.Value()));
  parts_->resident.Set(figures.resident_bytes);
  parts_->open_fds.Set(figures.open_fds);
  parts_->max_fds.Set(figures.max_fds);
  parts_->started.Set(figures.start_time_seconds);
}

void Metrics::set_database_up(bool up) { parts_->database_up.Set(up ? 1 : 0); }

MetricRows Metrics::growth() {
  MetricRows growth;
  // Asked each second: collecting hundreds of series each time was a third of all the work in a simulated fleet.
  if (parts_->at_rest) return growth;
  for (const auto& [series, value] : totals_of(own())) {
    const double more = value - parts_->durable_of(series);
    if (more > 0) growth.push_back({series.first, series.second, more});
  }
  parts_->at_rest = growth.empty();
  return growth;
}

void Metrics::acknowledge(const MetricRows& durable) {
  for (const MetricRow& row : durable) parts_->durable[{row.name, row.labels}] += row.value;
}

MetricFamilies Metrics::own() const {
  return families_of(parts_->declared.registry.Collect(), parts_->declared.families);
}

MetricFamilies Metrics::fleet(const MetricRows& totals, const std::optional<FleetFigures>& figures) const {
  MetricFamilies families = own();
  MetricTotals all;
  for (const MetricRow& row : totals) all[{row.name, row.labels}] += row.value;
  for (const auto& [series, value] : totals_of(families)) all[series] += value - parts_->durable_of(series);
  show_totals(families, all);
  if (figures) {
    MetricFamilies gauges = fleet_gauges(*figures);
    std::move(gauges.begin(), gauges.end(), std::back_inserter(families));
  }
  std::sort(families.begin(), families.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return families;
}

}  // namespace calsync
