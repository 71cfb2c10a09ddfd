// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/plan.hpp"

#include <fmt/format.h>

#include "tests/simulation/kernel/seeded_random.hpp"

namespace calsync::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using namespace std::chrono_literals;

/// Ordinary days, the nights on which clocks change in Europe and America, and the end of 32-bit seconds.
Time draw_start(SeededRandom& random) {
  constexpr auto day = [](int y, unsigned m, unsigned d) {
    return std::chrono::sys_days(std::chrono::year(y) / std::chrono::month(m) / std::chrono::day(d));
  };
  switch (random.below(6)) {
    case 0:
      return day(2026, 3, 29) + 45min;
    case 1:
      return day(2026, 10, 25) + 40min;
    case 2:
      return day(2026, 11, 1) + 5h + 45min;
    case 3:
      return day(2038, 1, 19) + 3h;
    default:
      return day(2026, 1, 1) + std::chrono::days(random.below(365)) + seconds(random.below(86400));
  }
}

/// Members of a JSON object.
std::string draw_graph_ways(SeededRandom& random) {
  const auto one_of = [&](double share, std::string_view usual, std::string_view other) {
    return random.chance(share) ? other : usual;
  };
  return fmt::format(
      R"("graph_delta_masters":{},"graph_removed_series":"{}","graph_removed_reason":"{}","graph_sync_code":"{}","graph_reset_location":{})",
      one_of(0.4, "true", "false"), one_of(0.3, "master", "occurrences"), one_of(0.5, "deleted", "changed"),
      random.chance(0.3) ? "delta_token" : one_of(0.5, "pascal", "camel"), one_of(0.5, "false", "true"));
}

/// What Google does with the exceptions that a series has at times at which it no longer occurs: a member as above.
std::string draw_google_ways(SeededRandom& random) {
  const double share = random.share();
  return fmt::format(R"("retimed_exceptions":"{}")", share < 0.4 ? "cancel" : share < 0.8 ? "drop" : "keep");
}

}  // namespace

Plan draw_plan(std::uint64_t seed, const std::vector<std::string>& hazards,
               const std::vector<std::string>& of_mailboxes) {
  SeededRandom random(seed * 0x9e3779b97f4a7c15ULL + 1);
  Plan plan;
  plan.seed = seed;
  plan.start = draw_start(random);
  plan.workers = random.between(1, 3);
  plan.owners = random.between(1, 3);
  plan.google_accounts = random.between(1, 3);
  plan.feeds = random.between(0, 1);
  plan.lease_seconds = random.between(15, 90);
  plan.frequency_minutes = random.between(1, 3);
  plan.per_owner = random.between(1, 4);
  plan.concurrency = random.between(1, 6);
  plan.access_token_seconds = random.chance(0.5) ? random.between(150, 900) : 3600;
  plan.rotate_refresh_tokens = random.chance(0.5);
  plan.pushes = random.chance(0.8);
  plan.chaos = random.between(Duration(minutes(4)), Duration(minutes(14)));
  plan.between_hazards = random.between(Duration(seconds(6)), Duration(seconds(90)));
  plan.between_changes = random.between(Duration(seconds(4)), Duration(seconds(40)));
  plan.between_requests = random.between(Duration(seconds(10)), Duration(seconds(120)));
  plan.helped = random.chance(0.5);
  const double share = random.chance(0.1) ? 0.0 : random.share() * 0.7;
  for (const std::string& one : hazards) {
    if (random.chance(share)) plan.kinds.insert(one);
  }
  // Then full reads are staged.
  if (random.chance(0.35)) {
    plan.checkpoint_rows = random.between(1, 6);
    plan.page_items = random.between(2, 6);
  }
  // From a source of its own, so that whatever else is drawn does not depend on it: channels that end in mid-story, and
  // providers that so few accounts can find away.
  SeededRandom more(seed * 0xd1342543de82ef95ULL + 7);
  if (more.chance(0.4)) plan.channel_seconds = more.between(240, 600);
  plan.small_circuits = more.chance(0.4);
  // Last, for the same reason.
  const double kind_of_world = random.share();
  plan.microsoft_accounts = kind_of_world < 0.5 ? 0 : kind_of_world < 0.85 ? 1 : 2;
  SeededRandom later(seed * 0x9e3779b97f4a7c15ULL + 2);
  plan.afternoon = later.chance(0.04);
  plan.ways = draw_graph_ways(later) + "," + draw_google_ways(later);
  if (plan.microsoft_accounts == 0) return plan;
  for (const std::string& one : of_mailboxes) {
    if (random.chance(share)) plan.kinds.insert(one);
  }
  return plan;
}

}  // namespace calsync::simulation
