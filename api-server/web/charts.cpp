// SPDX-License-Identifier: Apache-2.0
#include "api-server/web/charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "api-server/web/page.hpp"

namespace calsync::api::web {
namespace {

// In units of the drawing, which is as wide as its place.
constexpr double width = 480, height = 170, left = 44, bottom = 140, top = 12;
constexpr std::size_t most_labels = 8;

std::string number(double value) { return fmt::format("{:.1f}", value); }

std::string tone_class(const BarChart& chart, std::size_t series) {
  switch (chart.series[series].tone) {
    case Tone::good:
      return "good";
    case Tone::bad:
      return "bad";
    case Tone::other:
      return fmt::format("other{}", series % 6);
  }
  return {};
}

std::int64_t sum_at(const BarChart& chart, std::size_t at) {
  std::int64_t sum = 0;
  for (const Series& one : chart.series) sum += one.values.at(at);
  return sum;
}

std::int64_t total_of(const Series& series) {
  return std::accumulate(series.values.begin(), series.values.end(), std::int64_t{0});
}

std::string told(const BarChart& chart) {
  std::string sentence;
  for (const Series& one : chart.series)
    sentence += fmt::format("{}{}: {} {}", sentence.empty() ? "" : ", ", one.name, total_of(one), chart.unit);
  return sentence.empty() ? "There is nothing to show." : sentence + " in all.";
}

Html rectangle(const std::string& tone, double x, double y, double wide, double high, const std::string& title) {
  Html html;
  html << "<rect" << attribute("class", tone) << attribute("x", number(x)) << attribute("y", number(y))
       << attribute("width", number(wide)) << attribute("height", number(high)) << "><title>" << text(title)
       << "</title></rect>";
  return html;
}

Html label(double x, double y, Literal anchor, const std::string& what) {
  Html html;
  html << "<text" << attribute("x", number(x)) << attribute("y", number(y)) << attribute("text-anchor", anchor.str())
       << ">" << text(what) << "</text>";
  return html;
}

Html grid(std::int64_t most) {
  Html html;
  for (const std::int64_t value : {std::int64_t{0}, most}) {
    const double y = value == 0 ? bottom : top;
    html << "<line" << attribute("x1", number(left)) << attribute("x2", number(width)) << attribute("y1", number(y))
         << attribute("y2", number(y)) << "/>" << label(left - 6, y + 4, "end", std::to_string(value));
  }
  return html;
}

Html bars(const BarChart& chart, std::int64_t most) {
  const auto count = chart.labels.size();
  const double pace = (width - left) / static_cast<double>(std::max<std::size_t>(count, 1));
  const std::size_t step = (count + most_labels - 1) / most_labels;
  Html html;
  for (std::size_t at = 0; at < count; ++at) {
    const double x = left + pace * static_cast<double>(at);
    double y = bottom;
    for (std::size_t series = 0; series < chart.series.size(); ++series) {
      const std::int64_t value = chart.series[series].values.at(at);
      if (value <= 0) continue;
      // A single failure among thousands of runs is still to be seen.
      const double high = std::max(1.5, (bottom - top) * static_cast<double>(value) / static_cast<double>(most));
      y -= high;
      html << rectangle(tone_class(chart, series), x + pace * 0.1, std::max(y, 0.0), pace * 0.8, high,
                        fmt::format("{}: {} {} {}", chart.labels[at], value, chart.series[series].name, chart.unit));
    }
    if (at % step == 0) html << label(x + pace / 2, bottom + 18, "middle", chart.labels[at]);
  }
  return html;
}

Html legend(const BarChart& chart) {
  Html html;
  html << "<ul class=\"legend\">";
  for (std::size_t series = 0; series < chart.series.size(); ++series) {
    html << "<li" << attribute("class", tone_class(chart, series)) << ">" << text(chart.series[series].name) << " ("
         << total_of(chart.series[series]) << ")</li>";
  }
  html << "</ul>";
  return html;
}

Html as_table(const BarChart& chart) {
  Html html;
  html << "<details><summary>As a table</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">"
       << text(chart.of) << "</th>";
  for (const Series& one : chart.series) html << "<th scope=\"col\">" << text(one.name) << "</th>";
  html << "</tr></thead><tbody>";
  for (std::size_t at = 0; at < chart.labels.size(); ++at) {
    html << "<tr><th scope=\"row\">" << text(chart.labels[at]) << "</th>";
    for (const Series& one : chart.series) html << "<td>" << one.values.at(at) << "</td>";
    html << "</tr>";
  }
  html << "</tbody></table></div></details>";
  return html;
}

}  // namespace

std::int64_t round_up(std::int64_t value) {
  for (std::int64_t ten = 1;; ten *= 10) {
    for (const std::int64_t step : {ten, 2 * ten, 5 * ten}) {
      if (step >= value) return step;
    }
  }
}

Html bar_chart(const BarChart& chart) {
  std::int64_t most = 1;
  for (std::size_t at = 0; at < chart.labels.size(); ++at) most = std::max(most, sum_at(chart, at));
  most = round_up(most);
  Html html;
  html << "<figure class=\"chart\"><figcaption>" << text(chart.title) << "</figcaption><svg role=\"img\""
       << attribute("viewBox", fmt::format("0 0 {} {}", width, height))
       << attribute("aria-labelledby", chart.id + "-title " + chart.id + "-told") << "><title"
       << attribute("id", chart.id + "-title") << ">" << text(chart.title) << "</title><desc"
       << attribute("id", chart.id + "-told") << ">" << text(told(chart)) << "</desc>" << grid(most)
       << bars(chart, most) << "</svg>" << legend(chart) << as_table(chart) << "</figure>";
  return html;
}

}  // namespace calsync::api::web
