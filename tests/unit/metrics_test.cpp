// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "common/base/json.hpp"

using namespace calsync;
using Catch::Matchers::Contains;

namespace {

std::string text_of(const Metrics& metrics) { return metrics_text(metrics.own()); }

bool shows(const Metrics& metrics, const std::string& line) {
  const std::string text = "\n" + text_of(metrics);
  return text.find("\n" + line + "\n") != std::string::npos;
}

/// Rows as the database would hold them after several flushes.
class Table {
 public:
  void add(const MetricRows& growth) {
    for (const MetricRow& row : growth) rows_[{row.name, row.labels}] += row.value;
  }
  MetricRows rows() const {
    MetricRows all;
    for (const auto& [series, value] : rows_) all.push_back({series.first, series.second, value});
    return all;
  }

 private:
  std::map<std::pair<std::string, MetricLabels>, double> rows_;
};

/// The growth, made durable.
MetricRows taken(Metrics& metrics) {
  MetricRows growth = metrics.growth();
  metrics.acknowledge(growth);
  return growth;
}

double value_of(const MetricFamilies& families, const std::string& name, const MetricLabels& labels) {
  for (const MetricFamily& family : families) {
    if (family.name != name) continue;
    for (const auto& sample : family.samples) {
      if (sample.labels == labels) return sample.value;
    }
  }
  return -1;
}

const MetricFamily& family_of(const MetricFamilies& families, const std::string& name) {
  for (const MetricFamily& family : families) {
    if (family.name == name) return family;
  }
  throw std::out_of_range(name);
}

}  // namespace

TEST_CASE("what is recorded is shown in Prometheus' text format") {
  Metrics metrics;
  metrics.know_provider("google");
  metrics.run_ended("google", "complete", "");
  metrics.run_ended("google", "retry", "rate_limited");
  metrics.run_took("google", std::chrono::milliseconds(60));
  metrics.items("google", {.ingested = 3, .deleted = 1});
  metrics.webhook("google", WebhookResult::accepted);
  metrics.provider_request("google", "list_events", 200);
  metrics.missed_pushes("google", 2);
  metrics.set_flags(true, false, true, false);
  metrics.set_invalid_settings(2);
  CHECK(shows(metrics, "calendar_invalid_settings 2"));
  CHECK(shows(metrics, "# TYPE calendar_sync_runs_total counter"));
  CHECK(shows(metrics, R"(calendar_sync_runs_total{outcome="complete",provider="google"} 1)"));
  CHECK(shows(metrics, R"(calendar_sync_failures_total{error_code="rate_limited",provider="google"} 1)"));
  CHECK(shows(metrics, R"(calendar_sync_items_processed{action="ingested",provider="google"} 3)"));
  CHECK(shows(metrics, R"(calendar_sync_items_processed{action="updated",provider="google"} 0)"));
  CHECK(shows(metrics, R"(calendar_sync_latency_ms_bucket{provider="google",le="50"} 0)"));
  CHECK(shows(metrics, R"(calendar_sync_latency_ms_bucket{provider="google",le="100"} 1)"));
  CHECK(shows(metrics, R"(calendar_sync_latency_ms_bucket{provider="google",le="+Inf"} 1)"));
  CHECK(shows(metrics, R"(calendar_webhooks_total{provider="google",result="accepted"} 1)"));
  CHECK(shows(metrics, R"(calendar_missed_push_total{provider="google"} 2)"));
  CHECK(shows(metrics, "calendar_sync_enabled 1"));
  CHECK(shows(metrics, "calendar_oauth_enabled 0"));
}

TEST_CASE("every answer of a provider has a class") {
  Metrics metrics;
  metrics.know_provider("google");
  const auto [status, wanted] = GENERATE(table<int, std::string>({{200, "2xx"},
                                                                  {304, "3xx"},
                                                                  {404, "4xx"},
                                                                  {429, "429"},
                                                                  {503, "5xx"},
                                                                  {0, "error"},
                                                                  {99, "error"},
                                                                  {600, "error"}}));
  metrics.provider_request("google", "token", status);
  CHECK(shows(metrics, "calendar_provider_requests_total{operation=\"token\",provider=\"google\",status_class=\"" +
                           wanted + "\"} 1"));
}

TEST_CASE("labels from outside make no series of their own") {
  Metrics metrics;
  metrics.know_provider("google");
  for (int i = 0; i < 1000; ++i) {
    const std::string made_up = "made-up" + std::to_string(i);
    metrics.run_ended(made_up, made_up, made_up);
    metrics.run_took(made_up, std::chrono::seconds(1));
    metrics.items(made_up, {.updated = 1});
    metrics.webhook(made_up, WebhookResult::unknown_provider);
    metrics.provider_request(made_up, "token", i);
    metrics.missed_pushes(made_up, 1);
  }
  CHECK_THAT(text_of(metrics), !Contains("made-up"));
  CHECK(shows(metrics, R"(calendar_sync_runs_total{outcome="other",provider="other"} 1000)"));
  CHECK(shows(metrics, R"(calendar_sync_failures_total{error_code="other",provider="other"} 1000)"));
}

TEST_CASE("every metric is shown before anything has happened") {
  const Metrics metrics;
  for (const char* name : {"calendar_sync_runs_total", "calendar_sync_failures_total", "calendar_sync_items_processed",
                           "calendar_webhooks_total", "calendar_provider_requests_total"})
    CHECK(shows(metrics, std::string("# TYPE ") + name + " counter"));
  CHECK(shows(metrics, "# TYPE calendar_sync_latency_ms histogram"));
  CHECK(shows(metrics, "calendar_sync_change_to_mirror_ms_count 0"));
}

TEST_CASE("the counters of a known provider begin at zero") {
  Metrics metrics;
  metrics.know_provider("google", true);
  metrics.know_provider("ics");
  CHECK(shows(metrics, R"(calendar_sync_runs_total{outcome="suspend",provider="ics"} 0)"));
  CHECK(shows(metrics, R"(calendar_webhooks_total{provider="google",result="database_error"} 0)"));
  CHECK(shows(metrics, R"(calendar_missed_push_total{provider="google"} 0)"));
  CHECK_THAT(text_of(metrics), !Contains(R"(calendar_missed_push_total{provider="ics"})"));
}

TEST_CASE("growth is what has not been acknowledged") {
  Metrics metrics;
  metrics.know_provider("google");
  CHECK(metrics.growth().empty());
  metrics.run_ended("google", "complete", "");
  const MetricRows first = metrics.growth();
  REQUIRE(first.size() == 1);
  CHECK(first[0].name == "calendar_sync_runs_total");
  CHECK(first[0].labels == MetricLabels{{"provider", "google"}, {"outcome", "complete"}});
  CHECK(first[0].value == 1);
  metrics.run_ended("google", "complete", "");
  CHECK(metrics.growth().at(0).value == 2);
  metrics.acknowledge(first);
  CHECK(taken(metrics).at(0).value == 1);
  // Gauges and the process' own figures are nobody else's.
  metrics.set_process({.cpu_seconds = 5});
  metrics.set_flags(true, true, true, true);
  CHECK(metrics.growth().empty());
}

TEST_CASE("whatever is counted grows, also after a rest") {
  Metrics metrics;
  metrics.know_provider("google", true);
  REQUIRE(metrics.growth().empty());
  const std::vector<std::pair<std::string, std::function<void()>>> recorders{
      {"runs_total", [&] { metrics.run_ended("google", "complete", ""); }},
      {"latency_ms", [&] { metrics.run_took("google", std::chrono::seconds(1)); }},
      {"items_processed", [&] { metrics.items("google", {.updated = 1}); }},
      {"change_to_mirror_ms", [&] { metrics.change_mirrored(std::chrono::seconds(1)); }},
      {"state_changes_total", [&] { metrics.state_changed("google", "active"); }},
      {"missed_push_total", [&] { metrics.missed_pushes("google", 1); }},
      {"webhooks_total", [&] { metrics.webhook("google", WebhookResult::accepted); }},
      {"requests_total", [&] { metrics.provider_request("google", "list_events", 200); }}};
  for (const auto& [name, record] : recorders) {
    record();
    const MetricRows grown = taken(metrics);
    CAPTURE(name);
    REQUIRE_FALSE(grown.empty());
    CHECK_THAT(grown.front().name, Contains(name));
    CHECK(metrics.growth().empty());
  }
}

TEST_CASE("the fleet's totals are the table and what is not yet in it") {
  Metrics worker;
  Metrics api;
  worker.know_provider("google");
  api.know_provider("google");
  Table table;
  for (const int milliseconds : {10, 300, 300, 4000000}) {
    worker.run_ended("google", "complete", "");
    worker.run_took("google", std::chrono::milliseconds(milliseconds));
    table.add(taken(worker));
  }
  worker.run_ended("google", "retry", "timeout");
  table.add(taken(worker));
  api.webhook("google", WebhookResult::ignored);

  const MetricFamilies shown = api.fleet(table.rows(), std::nullopt);
  CHECK(value_of(shown, "calendar_sync_runs_total", {{"provider", "google"}, {"outcome", "complete"}}) == 4);
  CHECK(value_of(shown, "calendar_sync_runs_total", {{"provider", "google"}, {"outcome", "suspend"}}) == 0);
  CHECK(value_of(shown, "calendar_sync_failures_total", {{"provider", "google"}, {"error_code", "timeout"}}) == 1);
  CHECK(value_of(shown, "calendar_webhooks_total", {{"provider", "google"}, {"result", "ignored"}}) == 1);
  const auto& latency = family_of(shown, "calendar_sync_latency_ms").samples.at(0);
  CHECK(latency.count == 4);
  CHECK(latency.value == 10 + 300 + 300 + 4000000);
  CHECK(latency.buckets.front().count == 1);
  CHECK(latency.buckets.back().count == 4);
  CHECK(latency.buckets[latency.buckets.size() - 2].count == 3);

  table.add(taken(api));
  CHECK(metrics_text(api.fleet(table.rows(), std::nullopt)) == metrics_text(shown));
  // A process that has just started shows them all the same.
  Metrics fresh;
  fresh.know_provider("google");
  CHECK(metrics_text(fresh.fleet(table.rows(), std::nullopt)) == metrics_text(shown));
}

TEST_CASE("rows of another version do no harm") {
  Metrics metrics;
  metrics.know_provider("google");
  const MetricRows rows{{"calendar_of_tomorrow_total", {}, 3},
                        {"calendar_sync_latency_ms_bucket", {{"provider", "google"}, {"le", "70"}}, 2},
                        {"calendar_sync_latency_ms_bucket", {{"provider", "google"}, {"le", "1e99"}}, 1},
                        {"calendar_sync_latency_ms_bucket", {{"provider", "google"}, {"le", "?"}}, 1},
                        {"calendar_sync_runs_total", {{"provider", "of_tomorrow"}, {"outcome", "complete"}}, 5}};
  const MetricFamilies shown = metrics.fleet(rows, std::nullopt);
  CHECK_THAT(metrics_text(shown), !Contains("calendar_of_tomorrow_total"));
  CHECK(value_of(shown, "calendar_sync_runs_total", {{"provider", "of_tomorrow"}, {"outcome", "complete"}}) == 5);
  const auto& latency = family_of(shown, "calendar_sync_latency_ms").samples.at(0);
  CHECK(latency.count == 4);
  CHECK(latency.buckets[1].count == 0);
  CHECK(latency.buckets[2].count == 2);
}

TEST_CASE("the fleet's gauges are shown where they are known") {
  const Metrics metrics;
  CHECK_THAT(metrics_text(metrics.fleet({}, std::nullopt)), !Contains("calendar_queue_due"));
  FleetFigures figures{.due = 3, .leased = 2, .backing_off = 1, .failed_events = 4};
  figures.push_channels = {{"live", 7}};
  figures.connections = {{{"google", "active"}, 9}};
  figures.stale = {{{"google", "operator"}, 5}};
  figures.workers_alive = 6;
  figures.sealed = {{"first", 8}};
  std::string text = metrics_text(metrics.fleet({}, figures));
  CHECK_THAT(text, Contains("\ncalendar_queue_due 3\n") && Contains("\ncalendar_queue_leased 2\n") &&
                       Contains("\ncalendar_queue_backoff 1\n") && Contains("\ncalendar_mirror_failed_events 4\n") &&
                       Contains("\ncalendar_push_channels{state=\"live\"} 7\n") &&
                       Contains("\ncalendar_connections{provider=\"google\",state=\"active\"} 9\n") &&
                       Contains("\ncalendar_connections_stale{owner=\"operator\",provider=\"google\"} 5\n") &&
                       Contains("\ncalendar_workers_alive 6\n") &&
                       Contains("\ncalendar_sealed_secrets{key=\"first\"} 8\n") &&
                       !Contains("\ncalendar_sync_freshness_seconds "));
  figures.freshness_seconds = 90;
  CHECK_THAT(metrics_text(metrics.fleet({}, figures)), Contains("\ncalendar_sync_freshness_seconds 90\n"));
}

TEST_CASE("the JSON form says the same") {
  Metrics metrics;
  metrics.know_provider("google");
  metrics.run_took("google", std::chrono::milliseconds(60));
  metrics.webhook("google", WebhookResult::accepted);
  const auto json = json::parse(metrics_json(metrics.own()));
  REQUIRE(json.has_value());
  const json::Value& webhooks = *json::object_at(*json, "calendar_webhooks_total");
  CHECK(json::text_at(webhooks, "type") == "counter");
  CHECK_FALSE(json::text_at(webhooks, "help").empty());
  const json::Value& sample = json::array_at(webhooks, "samples")->GetArray()[0];
  CHECK(json::text_at(*json::object_at(sample, "labels"), "result") == "accepted");
  CHECK(json::member(sample, "value")->GetDouble() == 1);
  const json::Value& latency = *json::object_at(*json, "calendar_sync_latency_ms");
  const json::Value& histogram = json::array_at(latency, "samples")->GetArray()[0];
  CHECK(json::int_at(histogram, "count") == 1);
  CHECK(json::member(histogram, "sum")->GetDouble() == 60);
  const auto buckets = json::array_at(histogram, "buckets")->GetArray();
  CHECK(json::text_at(buckets[2], "le") == "100");
  CHECK(json::int_at(buckets[2], "count") == 1);
  CHECK(json::text_at(buckets[buckets.Size() - 1], "le") == "+Inf");
}
