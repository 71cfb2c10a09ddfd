// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/overview_charts.hpp"

#include <algorithm>
#include <map>

namespace calsync::api::web {
namespace {

constexpr std::size_t most_codes = 5;

std::vector<std::string> clock_labels(const std::vector<store::HourOfRuns>& hours) {
  std::vector<std::string> labels;
  for (const store::HourOfRuns& one : hours) labels.push_back(format_rfc3339(one.hour).substr(11, 5));
  return labels;
}

/// Codes by how often they came in all, the most frequent first.
std::vector<std::string> frequent_codes(const std::vector<store::HourOfRuns>& hours) {
  std::map<std::string, std::int64_t> totals;
  for (const store::HourOfRuns& hour : hours) {
    for (const auto& [code, failures] : hour.failures) totals[code] += failures;
  }
  std::vector<std::string> codes;
  for (const auto& [code, total] : totals) codes.push_back(code);
  std::sort(codes.begin(), codes.end(), [&](const std::string& a, const std::string& b) {
    return totals[a] != totals[b] ? totals[a] > totals[b] : a < b;
  });
  return codes;
}

}  // namespace

BarChart freshness_chart(const std::vector<store::AgeBand>& ages) {
  BarChart chart{"freshness", "Age of the mirrors", "connections", "last success", {}, {{"enabled", Tone::other, {}}}};
  for (const store::AgeBand& one : ages) {
    chart.labels.push_back(one.label);
    chart.series.front().values.push_back(one.connections);
  }
  return chart;
}

BarChart runs_chart(const std::vector<store::HourOfRuns>& hours) {
  BarChart chart{"runs",       "Runs by hour",      "runs",
                 "hour (UTC)", clock_labels(hours), {{"succeeded", Tone::good, {}}, {"failed", Tone::bad, {}}}};
  for (const store::HourOfRuns& one : hours) {
    chart.series[0].values.push_back(one.succeeded);
    chart.series[1].values.push_back(one.failed);
  }
  return chart;
}

BarChart failures_chart(const std::vector<store::HourOfRuns>& hours) {
  BarChart chart{"failures", "Failures by code", "failures", "hour (UTC)", clock_labels(hours), {}};
  const std::vector<std::string> codes = frequent_codes(hours);
  for (std::size_t at = 0; at < codes.size(); ++at) {
    if (at <= most_codes)
      chart.series.push_back(
          {at < most_codes ? codes[at] : "others", Tone::other, std::vector<std::int64_t>(hours.size())});
    Series& series = chart.series.back();
    for (std::size_t hour = 0; hour < hours.size(); ++hour) {
      const auto found = hours[hour].failures.find(codes[at]);
      if (found != hours[hour].failures.end()) series.values[hour] += found->second;
    }
  }
  return chart;
}

Html overview_charts(const std::vector<store::AgeBand>& ages, const std::vector<store::HourOfRuns>& hours) {
  Html html;
  html << "<div class=\"charts\">" << bar_chart(runs_chart(hours)) << bar_chart(failures_chart(hours))
       << bar_chart(freshness_chart(ages))
       << "</div><p class=\"soft\">Quiet polls leave no row; they are counted in the "
       << "hour of the connection's next run that does.</p>";
  return html;
}

}  // namespace calsync::api::web
