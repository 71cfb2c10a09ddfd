// SPDX-License-Identifier: Apache-2.0
#include "common/store/overview_store.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace calsync::store {
namespace {

/// A connection in the situation of all that the row counts.
sync::ConnectionFacts facts_of(const db::Rows& rows, int row, Time now) {
  constexpr std::chrono::hours long_ago{24 * 3650};
  sync::ConnectionFacts facts;
  facts.sync_enabled = rows.flag(row, "enabled");
  facts.error_count = static_cast<int>(rows.number(row, "error_count"));
  facts.grant_refusals = static_cast<int>(rows.number(row, "grant_refusals"));
  facts.failing_calendars = rows.flag(row, "unreadable_calendars") ? 1 : 0;
  facts.last_error = rows.text(row, "code");
  if (!facts.last_error.empty()) facts.last_error += ": ";
  facts.last_synced_at = rows.flag(row, "late") ? now - long_ago : now;
  if (rows.flag(row, "held")) facts.backoff_until = now + std::chrono::hours(1);
  if (rows.flag(row, "put_off")) facts.backoff_until = now + long_ago;
  return facts;
}

bool healthy(const Cause& cause) {
  return cause.state == sync::ConnectionState::active || cause.state == sync::ConnectionState::disabled;
}

}  // namespace

Task<std::vector<Cause>> read_causes(db::Pool& pool, Time now) {
  const db::Rows rows = co_await pool.query(sql::overview_causes, {});
  std::map<std::tuple<std::string, sync::ConnectionState, sync::ErrorOwner>, std::int64_t> counts;
  for (int row = 0; row < rows.size(); ++row) {
    const sync::ConnectionFacts facts = facts_of(rows, row, now);
    counts[{std::string(rows.text(row, "code")), sync::derive_state(facts, now), sync::error_owner(facts, now)}] +=
        rows.number(row, "connections");
  }
  std::vector<Cause> causes;
  for (const auto& [key, connections] : counts)
    causes.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), connections});
  std::sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
    return std::tuple(healthy(a), -a.connections, a.state, a.code, a.owner) <
           std::tuple(healthy(b), -b.connections, b.state, b.code, b.owner);
  });
  co_return causes;
}

Task<std::vector<AgeBand>> read_ages(db::Pool& pool) {
  static constexpr std::array<std::pair<const char*, const char*>, 7> bands{{{"in_5_minutes", "< 5 min"},
                                                                             {"in_15_minutes", "< 15 min"},
                                                                             {"in_1_hour", "< 1 h"},
                                                                             {"in_6_hours", "< 6 h"},
                                                                             {"in_1_day", "< 1 d"},
                                                                             {"older", "older"},
                                                                             {"never", "never"}}};
  const db::Rows rows = co_await pool.query(sql::overview_ages, {});
  std::vector<AgeBand> ages;
  for (const auto& [column, label] : bands) ages.push_back({label, rows.number(0, column)});
  co_return ages;
}

Task<std::vector<HourOfRuns>> read_run_hours(db::Pool& pool) {
  const db::Rows rows = co_await pool.query(sql::overview_hours, {});
  std::vector<HourOfRuns> hours;
  for (int row = 0; row < rows.size(); ++row)
    hours.push_back(
        {rows.time(row, "hour").value_or(Time()), rows.number(row, "succeeded"), rows.number(row, "failed"), {}});
  const db::Rows failures = co_await pool.query(sql::overview_failures, {});
  for (int row = 0; row < failures.size(); ++row) {
    const auto hour = failures.time(row, "hour");
    for (HourOfRuns& one : hours) {
      if (one.hour == hour) one.failures[std::string(failures.text(row, "code"))] = failures.number(row, "failures");
    }
  }
  co_return hours;
}

}  // namespace calsync::store
