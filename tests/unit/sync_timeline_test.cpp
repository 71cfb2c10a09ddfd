// SPDX-License-Identifier: Apache-2.0
#include "common/sync/timeline.hpp"

#include <catch2/catch.hpp>

namespace calsync::sync {
namespace {

using namespace std::chrono_literals;

const Time now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 9h;

TimelineEntry entry(Duration ago, const std::string& kind, const std::string& what, const std::string& detail = "",
                    const std::string& who = "") {
  return {now - ago, kind, what, who, detail, {}, {}, {}};
}

TimelineEntry run(Duration ago, const std::string& what, const std::string& detail, RunFigures figures = {},
                  const std::string& worker = "w") {
  TimelineEntry one = entry(ago, "run", what, detail, worker);
  one.run = std::move(figures);
  return one;
}

RunFigures figures(std::int64_t milliseconds, std::int64_t ingested, std::int64_t quiet_before = 0) {
  RunFigures one;
  one.duration_ms = milliseconds;
  one.items_ingested = ingested;
  one.quiet_before = quiet_before;
  return one;
}

}  // namespace

TEST_CASE("nothing folds into nothing", "[sync][timeline]") { CHECK(fold({}, 0, now).empty()); }

TEST_CASE("the same failure again and again is one entry", "[sync][timeline]") {
  std::vector<TimelineEntry> entries;
  for (int count = 1; count <= 5; ++count) {
    entries.push_back(run(count * 1min, "retry", "provider_unavailable: 503", {}, "worker " + std::to_string(count)));
    entries.back().run->provider_status = 503;
    entries.back().run->provider_request_id = "request " + std::to_string(count);
  }
  const auto folded = fold(entries, 0, now);
  REQUIRE(folded.size() == 1);
  CHECK(folded[0].count == 5);
  CHECK(folded[0].first == now - 5min);
  CHECK(folded[0].last == now - 1min);
  CHECK(folded[0].entry.run->provider_request_id == "request 1");
}

TEST_CASE("another error, outcome or kind between them ends a fold", "[sync][timeline]") {
  const auto folded = fold({run(1min, "retry", "timeout: x"), run(2min, "retry", "network_error: x"),
                            run(3min, "suspend", "network_error: x"), entry(4min, "event", "token_refreshed"),
                            run(5min, "suspend", "network_error: x")},
                           0, now);
  REQUIRE(folded.size() == 5);
  for (const FoldedEntry& one : folded) CHECK(one.count == 1);
}

TEST_CASE("runs that fold are summed up", "[sync][timeline]") {
  const auto folded =
      fold({run(1min, "complete", "", figures(70, 1)), run(2min, "complete", "", figures(900, 10))}, 0, now);
  REQUIRE(folded.size() == 1);
  CHECK(folded[0].entry.run->items_ingested == 11);
  CHECK(folded[0].entry.run->duration_ms == 900);
}

TEST_CASE("quiet runs stand before the run that counted them, and the latest ones first", "[sync][timeline]") {
  const auto folded =
      fold({run(1min, "complete", "", figures(1, 1, 12)), run(70min, "complete", "", figures(1, 1))}, 3, now);
  REQUIRE(folded.size() == 4);
  CHECK(folded[0].entry.kind == "quiet");
  CHECK(folded[0].count == 3);
  CHECK(folded[1].entry.kind == "run");
  CHECK(folded[2].entry.kind == "quiet");
  CHECK(folded[2].count == 12);
  CHECK(folded[2].last == now - 1min);
  CHECK(folded[3].count == 1);
}

TEST_CASE("what people do folds only where it is the same in everything", "[sync][timeline]") {
  TimelineEntry one = entry(1min, "action", "backoff", "too many calls", "admin ada");
  one.after = R"({"backoff_until":"2026-03-02T10:00:00Z"})";
  TimelineEntry other = one;
  other.after = R"({"backoff_until":"2026-03-02T09:50:00Z"})";
  TimelineEntry another = one;
  another.who = "admin bob";
  CHECK(fold({one, other, another}, 0, now).size() == 3);
  CHECK(fold({one, one}, 0, now).size() == 1);
}

}  // namespace calsync::sync
