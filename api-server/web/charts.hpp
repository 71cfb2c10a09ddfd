// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api-server/web/html.hpp"

namespace calsync::api::web {

/// What a chart's bars are made of, from the bottom up. `tone` is the colour: good, bad, or the next of the others.
enum class Tone { good, bad, other };
struct Series {
  std::string name{};
  Tone tone = Tone::other;
  std::vector<std::int64_t> values{};  ///< one for each label
};

/// Stacked bars, drawn as SVG without style or script, told in a sentence for those who do not see them, and shown as a
/// table, too.
struct BarChart {
  std::string id{};  ///< of the page, for its title and description
  std::string title{};
  std::string unit{};  ///< "runs"
  std::string of{};    ///< what the labels are: "hour (UTC)"
  std::vector<std::string> labels{};
  std::vector<Series> series{};
};
Html bar_chart(const BarChart& chart);

/// The least of 1, 2, 5, 10, 20, 50 … that is not below `value`.
std::int64_t round_up(std::int64_t value);

}  // namespace calsync::api::web
