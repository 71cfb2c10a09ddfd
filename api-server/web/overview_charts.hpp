// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api-server/web/charts.hpp"
#include "common/store/overview_store.hpp"

namespace calsync::api::web {

BarChart freshness_chart(const std::vector<store::AgeBand>& ages);
BarChart runs_chart(const std::vector<store::HourOfRuns>& hours);
/// The five most frequent codes by themselves, the rest together.
BarChart failures_chart(const std::vector<store::HourOfRuns>& hours);

Html overview_charts(const std::vector<store::AgeBand>& ages, const std::vector<store::HourOfRuns>& hours);

}  // namespace calsync::api::web
