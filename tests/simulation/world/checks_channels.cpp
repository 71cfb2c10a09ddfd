// SPDX-License-Identifier: Apache-2.0
// The promises about push channels.
#include <fmt/format.h>

#include "tests/simulation/world/checks.hpp"

namespace calsync::simulation {
namespace {

/// What the provider has just refused may be what there was no other way to end.
constexpr std::chrono::seconds just_now{30};
/// The upkeep wakes connections for a renewal, and a run does it.
constexpr std::chrono::seconds renewed_by{60};

}  // namespace

bool Checks::lives_at_provider(const ChannelRow& row) const {
  if (row.expires_at <= Moment(database_.now())) return false;
  const auto opened = provider_.provider.push.channels.find(row.id);
  if (opened) return opened->open();
  return row.resource_id && provider_.provider.microsoft.subscriptions.find(*row.resource_id) != nullptr;
}

/// Nothing is forgotten that would go on at the provider, and nothing ends that should have been renewed.
void Checks::judge_channels(const Commit& commit) {
  if (quiet_ && commit.statement == "push_channels_forget") {
    for (const auto& change : commit.channels) {
      if (!change.before) continue;
      const CalendarRow* calendar =
          database_.tables().calendars.find({change.before->connection_id, change.before->external_calendar_id});
      // Where the provider refuses another one, it is tried again later, and the old one may run out meanwhile.
      if (!calendar || calendar->watch_retry_at > Moment(database_.now() - renewed_by)) continue;
      if (change.before->state == "live" && change.before->expires_at <= Moment(database_.now()) &&
          change.before->renew_at <= Moment(database_.now() - renewed_by))
        violated("I8", fmt::format("the channel {} of {} ran out, and was to be renewed", change.before->id,
                                   change.before->connection_id));
    }
  }
  if (scheduler_.elapsed() - stop_denied_ < just_now) return;
  if (commit.statement == "push_channels_forget") {
    for (const auto& change : commit.channels) {
      if (change.before && !change.after && lives_at_provider(*change.before))
        violated("I17", fmt::format("the channel {} of {} was forgotten and lives at the provider", change.before->id,
                                    change.before->connection_id));
    }
  }
  if (commit.statement != "abandoned_channels_done") return;
  for (const auto& change : commit.abandoned) {
    if (!change.before || change.after) continue;
    const AbandonedRow& row = *change.before;
    ChannelRow channel;
    channel.id = row.id;
    channel.resource_id = row.resource_id;
    channel.expires_at = row.expires_at;
    if (lives_at_provider(channel))
      violated("I16",
               fmt::format("the channel {} of a deleted connection was forgotten and lives at the provider", row.id));
  }
}

bool Checks::genuine(const providers::PushItem& item) const {
  const auto opened = provider_.provider.push.channels.find(item.channel_id);
  const std::string token(item.token.reveal());
  return opened ? opened->token == token : client_states_.contains(item.channel_id + "." + token);
}

void Checks::push_accepted(const providers::PushItem& item, Duration begun, std::string_view said) {
  const ChannelRow* row = database_.tables().channels.find(item.channel_id);
  if (!row || row->state == "stopping") return;
  const ConnectionRow* connection = database_.tables().connections.find(row->connection_id);
  if (!connection) return;
  const auto due = [now = database_.now()](const Moment& at) { return at && *at <= now; };
  if (item.kind == providers::PushKind::ended && !due(row->expires_at))
    violated("I7", fmt::format("the provider has ended the channel {}, which counts as live", row->id));
  if (item.kind == providers::PushKind::renew && !due(row->renew_at))
    violated("I7", fmt::format("the provider wants the channel {} renewed, which is not due", row->id));
  const auto gate = gates_.find("api");
  if (gate != gates_.end() && gate->second.since < begun &&
      !(gate->second.settings.on(sync::Flag::webhook) && gate->second.settings.owners.admits(connection->provider_id)))
    violated("I14", fmt::format("a push message woke {}, which is shut out", connection->id));
  const Story& one = story(connection->id);
  const bool waits = connection->sync_needed && !connection->lease_until;
  const bool woken = one.woken && *one.woken >= begun;
  const bool begun_later = one.epoch.claimed >= begun;
  if (!waits && !woken && !begun_later)
    violated("I7",
             fmt::format("a push message for {} was answered with success, and no wake-up is stored", connection->id));
  // By the words of the message, however it was understood.
  if ((said == "reauthorizationRequired" && !due(row->renew_at)) ||
      (said == "subscriptionRemoved" && !due(row->expires_at)))
    violated("I7", fmt::format("the provider said {} of the channel {}, and nobody will open another", said, row->id));
}

/// A message of the provider's own about a channel that lives wakes its connection.
void Checks::push_passed_over(const providers::PushItem& item, const sync::GateSettings& gate) {
  const ChannelRow* row = database_.tables().channels.find(item.channel_id);
  if (!row || row->state == "stopping") return;
  const ConnectionRow* connection = database_.tables().connections.find(row->connection_id);
  if (!connection || !gate.on(sync::Flag::webhook) || !gate.owners.admits(connection->provider_id) ||
      !gate.connections.admits(connection->id))
    return;
  if (row->resource_id && *row->resource_id != item.resource_id) return;
  if (genuine(item))
    violated("I7", fmt::format("a message of the live channel {} of {} was passed over", row->id, connection->id));
}

void Checks::judge_quiet(bool pushes) {
  for (const auto& [place, row] : database_.tables().circuits.rows()) {
    if (row->state == "ramping" && database_.now() - row->changed_at > std::chrono::minutes(3))
      violated("I9", fmt::format("{} is slowed down long after its outage", row->provider));
  }
  for (const Member& member : roster_.members) {
    if (pushes && !member.feed && !member.connection.empty()) judge_channels_of(member);
  }
}

/// Every wanted calendar has exactly one live channel, unless it cannot be watched for now.
void Checks::judge_channels_of(const Member& member) {
  const auto& tables = database_.tables();
  // A run that is under way may be about to open one.
  if (const ConnectionRow* row = tables.connections.find(member.connection); !row || row->lease_until) return;
  for (auto at = tables.calendars.rows().lower_bound({member.connection, ""});
       at != tables.calendars.rows().end() && at->first.first == member.connection; ++at) {
    const CalendarRow& calendar = *at->second;
    int live = 0;
    for (const auto& [id, row] : tables.channels.rows()) {
      if (row->connection_id != member.connection || row->external_calendar_id != calendar.external_calendar_id)
        continue;
      if (row->state == "opening")
        return violated("I17", fmt::format("the channel {} of {} is left half open", id, member.connection));
      if (row->state != "live") continue;
      ++live;
      const bool renewable = !calendar.watch_retry_at || *calendar.watch_retry_at <= database_.now();
      if (row->expires_at <= Moment(database_.now()) && renewable)
        return violated("I8", fmt::format("the channel {} of {} has run out", id, member.connection));
    }
    const bool wanted = calendar.selected && !calendar.deleted_at && calendar.access_role != "none";
    if (wanted ? live != 1 && !calendar.watch_retry_at : live > 0)
      violated("I8", fmt::format("the calendar {} of {} has {} live channels", calendar.external_calendar_id,
                                 member.connection, live));
  }
}

}  // namespace calsync::simulation
