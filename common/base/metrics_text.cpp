// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>

#include "common/base/json.hpp"
#include "common/base/metrics.hpp"

namespace calsync {
namespace {

using Kind = MetricFamily::Kind;

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return prometheus::MetricType::Counter;
    case Kind::gauge:
      return prometheus::MetricType::Gauge;
    case Kind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

const char* type_name(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "untyped";
}

std::uint64_t whole(double count) { return static_cast<std::uint64_t>(std::llround(std::max(0.0, count))); }

prometheus::ClientMetric metric_of(const MetricFamily::Sample& sample, Kind kind) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  metric.counter.value = kind == Kind::counter ? sample.value : 0;
  metric.gauge.value = kind == Kind::gauge ? sample.value : 0;
  if (kind != Kind::histogram) return metric;
  metric.histogram.sample_count = whole(sample.count);
  metric.histogram.sample_sum = sample.value;
  for (const auto& [bound, count] : sample.buckets) metric.histogram.bucket.push_back({whole(count), bound});
  return metric;
}

void put_sample(json::Writer& writer, const MetricFamily::Sample& sample, Kind kind) {
  writer.begin_object().key("labels").begin_object();
  for (const auto& [name, value] : sample.labels) writer.put(name, value);
  writer.end_object();
  if (kind != Kind::histogram) {
    writer.put("value", sample.value).end_object();
    return;
  }
  writer.put("count", whole(sample.count)).put("sum", sample.value).key("buckets").begin_array();
  for (const auto& [bound, count] : sample.buckets) {
    writer.begin_object()
        .put("le", bound == std::numeric_limits<double>::infinity() ? "+Inf" : fmt::format("{}", bound))
        .put("count", whole(count))
        .end_object();
  }
  writer.end_array().end_object();
}

}  // namespace

std::string metrics_text(const MetricFamilies& families) {
  std::vector<prometheus::MetricFamily> collected;
  for (const MetricFamily& family : families) {
    prometheus::MetricFamily one{family.name, family.help, type_of(family.kind), {}};
    for (const MetricFamily::Sample& sample : family.samples) one.metric.push_back(metric_of(sample, family.kind));
    collected.push_back(std::move(one));
  }
  return prometheus::TextSerializer().Serialize(collected);
}

std::string metrics_json(const MetricFamilies& families) {
  json::Writer writer;
  writer.begin_object();
  for (const MetricFamily& family : families) {
    writer.key(family.name).begin_object().put("type", type_name(family.kind)).put("help", family.help);
    writer.key("samples").begin_array();
    for (const MetricFamily::Sample& sample : family.samples) put_sample(writer, sample, family.kind);
    writer.end_array().end_object();
  }
  writer.end_object();
  return writer.text();
}

}  // namespace calsync
