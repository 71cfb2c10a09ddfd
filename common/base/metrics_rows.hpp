// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <utility>

#include "common/base/metrics.hpp"

namespace calsync {

// Between what the registry collects, what is shown, and the rows in which counters travel. Included by sources only.

/// By name and labels, as in MetricRow.
using MetricTotals = std::map<std::pair<std::string, MetricLabels>, double>;

/// What was collected, and what is declared but has no series yet. Sorted by name, samples by labels.
MetricFamilies families_of(const std::vector<prometheus::MetricFamily>& collected, const MetricFamilies& declared);
/// Counters and histograms of the product; gauges and the process' own counters do not travel.
MetricTotals totals_of(const MetricFamilies& families);
/// Replaces the samples of the counters and histograms that travel. Rows of no declared metric (an older or newer
/// version's) are left out.
void show_totals(MetricFamilies& families, const MetricTotals& totals);

}  // namespace calsync
