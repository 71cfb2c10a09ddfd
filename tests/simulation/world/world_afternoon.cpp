// SPDX-License-Identifier: Apache-2.0
// What only shows when more than an hour goes by: windows of mailboxes move on, channels are opened anew.
#include <fmt/format.h>

#include "common/sync/cursor.hpp"
#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"
#include "tests/simulation/world/world.hpp"

namespace calsync::simulation {
namespace {

using namespace std::chrono_literals;

/// Longer than a channel lives and a window may stay.
constexpr int changes = 7;
constexpr Duration between = 10min;
/// Feeds are asked every five minutes at most.
constexpr Duration two_polls = 11min;

}  // namespace

/// There are changes, and no faults any more.
void World::check_afternoon() {
  trace_.say(scheduler_.elapsed(), "AFTERNOON");
  for (int one = 0; one < changes; ++one) {
    scheduler_.run_until(scheduler_.elapsed() + between);
    if (checks_.violation()) return;
    mutator_->mutate();
    if (graph_mutator_) graph_mutator_->mutate();
  }
  const Duration until = scheduler_.elapsed() + two_polls;
  while (scheduler_.elapsed() < until && !checks_.violation() && !in_step())
    scheduler_.run_until(scheduler_.elapsed() + 5s);
  std::string why;
  if (checks_.violation()) return;
  if (!in_step(&why)) return checks_.violated("I1", "not in step an hour later: " + why);
  for (const Member& member : roster_.members) {
    for (const std::string& fault : {late_window(member), unwatched(member)})
      if (!fault.empty()) return checks_.violated("I1", fault);
  }
}

/// A mailbox's calendar that has not been read in full for longer than its window may stay.
std::string World::late_window(const Member& member) const {
  if (member.provider != "microsoft") return {};
  const ConnectionRow& row = *database_.tables().connections.find(member.connection);
  for (const auto& [id, position] : sync::parse_cursor(row.sync_cursor.value_or("")).calendars) {
    emulator::Json cursor;
    if (!emulator::parse_json(position.token, cursor) || !cursor.IsObject()) continue;
    const auto read = parse_rfc3339(emulator::string_member(cursor, "read"));
    if (!read || scheduler_.now() - *read > 1h + 3 * std::chrono::minutes(plan_.frequency_minutes))
      return fmt::format("the window of {} has not moved on since {}", id, emulator::string_member(cursor, "read"));
  }
  return {};
}

/// A calendar of which the provider does not announce changes, and nobody knows.
std::string World::unwatched(const Member& member) const {
  if (member.feed || !plan_.pushes) return {};
  const auto announced = [&](const ChannelRow& row) {
    if (row.state != "live") return false;
    if (const auto channel = provider_.provider.push.channels.find(row.id)) return channel->delivers();
    const auto subscription = provider_.provider.microsoft.subscriptions.find(row.resource_id.value_or(""));
    return subscription && subscription->alive() && !subscription->paused;
  };
  std::set<std::string> watched;
  for (const auto& [id, row] : database_.tables().channels.rows())
    if (row->connection_id == member.connection && announced(*row)) watched.insert(row->external_calendar_id);
  for (const auto& [key, row] : database_.tables().calendars.rows()) {
    if (row->connection_id != member.connection || !row->selected || row->deleted_at) continue;
    const bool impossible = row->watch_error.value_or("").find("cannot be watched") != std::string::npos;
    if (!impossible && !watched.contains(row->external_calendar_id))
      return fmt::format("nobody watches {} of {} an hour later; the last error was '{}'", row->external_calendar_id,
                         member.account, row->watch_error.value_or(""));
  }
  return {};
}

}  // namespace calsync::simulation
