// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace calsync {
namespace {

using Kind = MetricFamily::Kind;

MetricFamily::Sample sample_of(const prometheus::ClientMetric& metric, Kind kind) {
  MetricFamily::Sample sample;
  for (const auto& label : metric.label) sample.labels.emplace(label.name, label.value);
  if (kind != Kind::histogram) {
    sample.value = kind == Kind::counter ? metric.counter.value : metric.gauge.value;
    return sample;
  }
  sample.value = metric.histogram.sample_sum;
  sample.count = static_cast<double>(metric.histogram.sample_count);
  for (const auto& bucket : metric.histogram.bucket)
    sample.buckets.push_back({bucket.upper_bound, static_cast<double>(bucket.cumulative_count)});
  return sample;
}

void sort_samples(MetricFamily& family) {
  std::sort(family.samples.begin(), family.samples.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
}

std::string bound_text(double bound) {
  return bound == std::numeric_limits<double>::infinity() ? "+Inf" : fmt::format("{}", bound);
}

double bound_of(const std::string& text) {
  double bound = std::numeric_limits<double>::infinity();
  std::from_chars(text.data(), text.data() + text.size(), bound);
  return bound;
}

bool travels(const MetricFamily& family) { return family.kind != Kind::gauge && family.name.starts_with("calendar_"); }

void add_histogram(MetricTotals& totals, const MetricFamily& family, const MetricFamily::Sample& sample) {
  totals[{family.name + "_count", sample.labels}] = sample.count;
  totals[{family.name + "_sum", sample.labels}] = sample.value;
  double smaller = 0;
  for (const auto& [bound, count] : sample.buckets) {
    MetricLabels labels = sample.labels;
    labels["le"] = bound_text(bound);
    totals[{family.name + "_bucket", std::move(labels)}] = count - smaller;
    smaller = count;
  }
}

MetricFamily::Sample& sample_with(MetricFamily& family, const MetricLabels& labels,
                                  const std::vector<MetricFamily::Bucket>& bounds) {
  for (auto& sample : family.samples) {
    if (sample.labels == labels) return sample;
  }
  return family.samples.emplace_back(MetricFamily::Sample{labels, 0, 0, bounds});
}

/// Adds to its own bucket; `accumulate` comes after all of them.
void add_to_bucket(std::vector<MetricFamily::Bucket>& buckets, double bound, double count) {
  for (auto& bucket : buckets) {
    if (bound > bucket.le) continue;
    bucket.count += count;
    return;
  }
}

void accumulate(MetricFamily& family) {
  for (auto& sample : family.samples) {
    double smaller = 0;
    for (auto& bucket : sample.buckets) smaller = bucket.count += smaller;
    // The count and the buckets are rows of one statement, but a reader that is kept true by arithmetic is better.
    sample.count = smaller;
  }
}

void fill_histogram(MetricFamily& family, const MetricTotals& totals) {
  std::vector<MetricFamily::Bucket> bounds;
  if (!family.samples.empty()) bounds = family.samples.front().buckets;
  if (bounds.empty()) return;
  for (auto& bucket : bounds) bucket.count = 0;
  family.samples.clear();
  for (const auto& [series, value] : totals) {
    if (series.first == family.name + "_sum") sample_with(family, series.second, bounds).value = value;
    if (series.first != family.name + "_bucket") continue;
    MetricLabels labels = series.second;
    const double bound = bound_of(labels["le"]);
    labels.erase("le");
    add_to_bucket(sample_with(family, labels, bounds).buckets, bound, value);
  }
  accumulate(family);
}

}  // namespace

MetricFamilies families_of(const std::vector<prometheus::MetricFamily>& collected, const MetricFamilies& declared) {
  MetricFamilies families = declared;
  for (MetricFamily& family : families) {
    for (const prometheus::MetricFamily& one : collected) {
      if (one.name != family.name) continue;
      for (const prometheus::ClientMetric& metric : one.metric)
        family.samples.push_back(sample_of(metric, family.kind));
    }
    sort_samples(family);
  }
  std::sort(families.begin(), families.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return families;
}

MetricTotals totals_of(const MetricFamilies& families) {
  MetricTotals totals;
  for (const MetricFamily& family : families) {
    if (!travels(family)) continue;
    for (const MetricFamily::Sample& sample : family.samples) {
      if (family.kind == Kind::histogram) {
        add_histogram(totals, family, sample);
      } else {
        totals[{family.name, sample.labels}] = sample.value;
      }
    }
  }
  return totals;
}

void show_totals(MetricFamilies& families, const MetricTotals& totals) {
  for (MetricFamily& family : families) {
    if (!travels(family)) continue;
    if (family.kind == Kind::histogram) {
      fill_histogram(family, totals);
    } else {
      family.samples.clear();
      for (const auto& [series, value] : totals) {
        if (series.first == family.name) family.samples.push_back({series.second, value, 0, {}});
      }
    }
    sort_samples(family);
  }
}

}  // namespace calsync
