// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "api-server/web/json_view.hpp"
#include "api-server/web/overview_charts.hpp"
#include "api-server/web/timeline_view.hpp"

using namespace calsync;
using namespace calsync::api::web;
using namespace std::chrono_literals;

namespace {

const Time noon = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 12h;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

TEST_CASE("the top of a chart is a round number", "[web]") {
  CHECK(round_up(1) == 1);
  CHECK(round_up(3) == 5);
  CHECK(round_up(11) == 20);
  CHECK(round_up(50) == 50);
  CHECK(round_up(51) == 100);
  CHECK(round_up(123'456) == 200'000);
}

TEST_CASE("a chart draws a bar for each value, and tells and tables them", "[web]") {
  const std::vector<store::HourOfRuns> hours{
      {noon, 8, 2, {{"timeout", 2}}}, {noon + 1h, 4, 0, {}}, {noon + 2h, 0, 0, {}}};
  const std::string svg = bar_chart(runs_chart(hours)).str();
  CHECK(count(svg, "<rect") == 3);
  CHECK(count(svg, "<rect class=\"bad\"") == 1);
  // 8 of 10: 80 % of the height of 128.
  CHECK_THAT(svg, Catch::Contains("height=\"102.4\"><title>12:00: 8 succeeded runs"));
  CHECK_THAT(svg, Catch::Contains("succeeded: 12 runs, failed: 2 runs in all."));
  CHECK_THAT(svg, Catch::Contains("<th scope=\"row\">13:00</th><td>4</td><td>0</td>"));
  CHECK_THAT(svg, Catch::Contains("aria-labelledby=\"runs-title runs-told\""));
  CHECK_THAT(svg, !Catch::Contains("style="));
}

TEST_CASE("a chart of nothing is a chart", "[web]") {
  const std::string svg = bar_chart(failures_chart({})).str();
  CHECK_THAT(svg, Catch::Contains("There is nothing to show."));
  CHECK(count(svg, "<rect") == 0);
}

TEST_CASE("the rarest codes share a series", "[web]") {
  std::vector<store::HourOfRuns> hours{{noon, 0, 0, {}}};
  for (int i = 1; i <= 8; ++i) hours[0].failures["code" + std::to_string(i)] = i;
  const BarChart chart = failures_chart(hours);
  REQUIRE(chart.series.size() == 6);
  CHECK(chart.series[0].name == "code8");
  CHECK(chart.series[4].name == "code4");
  CHECK(chart.series[5].name == "others");
  CHECK(chart.series[5].values == std::vector<std::int64_t>{1 + 2 + 3});
}

TEST_CASE("a chart's texts are text", "[web]") {
  BarChart chart{"id", "<b>", "runs", "hour", {"<i>"}, {{"\"><script>", Tone::other, {1}}}};
  const std::string svg = bar_chart(chart).str();
  CHECK_THAT(svg, !Catch::Contains("<script") && !Catch::Contains("<b>") && !Catch::Contains("<i>"));
}

TEST_CASE("changes are shown name by name", "[web]") {
  CHECK(changes_view("{}", "{}").empty());
  CHECK(changes_view("no JSON", "").empty());
  const std::string shown = changes_view(R"({"a": 1, "b": "<x>"})", R"({"a": null, "b": "y"})").str();
  CHECK_THAT(shown, Catch::Contains("<code>a</code>: <bdi>1</bdi> → <bdi>nothing</bdi>"));
  CHECK_THAT(shown, Catch::Contains("<bdi>&lt;x&gt;</bdi> → <bdi>y</bdi>"));
}

TEST_CASE("the timeline folds what is equal and names quiet runs", "[web]") {
  sync::TimelineEntry failed{noon, "run", "retry", "", "timeout: <slow>", sync::RunFigures{}, "", ""};
  failed.run->provider_status = 504;
  failed.run->provider_request_id = "req-1";
  std::vector<sync::TimelineEntry> entries{failed, failed, failed};
  entries[1].happened_at -= 1min;
  entries[2].happened_at -= 2min;
  const std::string shown = timeline_view(sync::fold(entries, 7, noon + 1min), noon + 1min).str();
  CHECK(count(shown, "<li") == 2);
  CHECK_THAT(shown, Catch::Contains("7 quiet runs"));
  CHECK_THAT(shown, Catch::Contains("3 times"));
  CHECK_THAT(shown, Catch::Contains("timeout: &lt;slow&gt;"));
  CHECK_THAT(shown, Catch::Contains("the provider answered 504, its request id <bdi>req-1</bdi>"));
  CHECK_THAT(timeline_view({}, noon).str(), Catch::Contains("Nothing is known"));
}
