// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/push.hpp"

#include <set>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

constexpr std::size_t longest_error = 2000;

/// UPDATE calendar_push_channels … WHERE id = ANY (`ids`) AND `wanted`.
template <class Wanted, class Set>
void update_channels(Transaction& transaction, const std::vector<std::string>& ids, Wanted wanted, Set set) {
  for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
    const ChannelRow* row = transaction.tables.channels.find(id);
    if (!row || !wanted(*row)) continue;
    ChannelRow after = *row;
    set(after);
    transaction.tables.channels.put(id, std::move(after));
  }
}

void end_channel(ChannelRow& set) {
  set.state = "stopping";
  set.missed_at.reset();
}

/// The two updates of push_wake, which exclude each other.
void wake_or_stamp(Transaction& transaction, const ConnectionRow& row, Duration gap) {
  const Time now = transaction.now;
  if (row.sync_needed && !row.lease_until) {
    const Moment stamp = row.last_webhook_received_at;
    if (stamp && *stamp >= now - std::chrono::seconds(5)) return;
    transaction.update_connection(row.id, Names::neither,
                                  [now](ConnectionRow& set) { set.last_webhook_received_at = now; });
    return;
  }
  transaction.update_connection(row.id, Names::sync_needed, [now, gap](ConnectionRow& set) {
    // 1 = nobody but push messages asks: such a run does not read the list of calendars.
    set.sync_priority = set.sync_needed && set.sync_priority == 0 ? 2 : std::max(set.sync_priority, 1);
    set.sync_needed = true;
    set.last_webhook_received_at = now;
    set.sync_requested_at = set.last_synced_at ? std::max(now, *set.last_synced_at + gap) : now;
  });
}

}  // namespace

std::map<std::string, store::PushChannel> push_channels(Transaction& transaction, const std::vector<std::string>& ids) {
  std::map<std::string, store::PushChannel> channels;
  for (const std::string& id : ids) {
    const ChannelRow* row = transaction.tables.channels.find(id);
    if (!row) continue;
    const ConnectionRow& connection = *transaction.tables.connections.find(row->connection_id);
    channels.emplace(id,
                     store::PushChannel{ConnectionId::trusted(connection.id), OwnerId::trusted(connection.provider_id),
                                        connection.provider, row->secret_hash, row->resource_id.value_or(""),
                                        sync::parse_channel_state(row->state) == sync::ChannelState::stopping});
  }
  return channels;
}

void push_wake(Transaction& transaction, const std::vector<ConnectionId>& connections,
               const store::SpokenChannels& channels, Duration gap) {
  for (const ConnectionId& id : std::set<ConnectionId>(connections.begin(), connections.end())) {
    if (const ConnectionRow* row = transaction.tables.connections.find(id.str())) wake_or_stamp(transaction, *row, gap);
  }
  const Time now = transaction.now;
  const std::set<std::string> renew(channels.renew.begin(), channels.renew.end());
  const std::set<std::string> ended(channels.ended.begin(), channels.ended.end());
  update_channels(
      transaction, channels.spoke,
      [&](const ChannelRow& row) {
        return !row.last_message_at || *row.last_message_at < now - std::chrono::hours(1) || row.missed_at ||
               renew.contains(row.id) || ended.contains(row.id);
      },
      [&](ChannelRow& set) {
        set.last_message_at = now;
        if (transaction.plant != Plant::message_keeps_suspicion) set.missed_at.reset();
        if (renew.contains(set.id)) set.renew_at = std::min(set.renew_at.value_or(now), now);
        if (ended.contains(set.id)) set.expires_at = std::min(set.expires_at.value_or(now), now);
      });
}

bool push_channel_open(Transaction& transaction, const sync::Claim& claim, const store::NewChannel& channel) {
  const ConnectionRow* row = transaction.tables.connections.find(claim.connection.str());
  if (!row || row->lease_token != claim.lease_token || !row->lease_until || !row->sync_enabled) return false;
  if (transaction.tables.channels.find(channel.id)) sqlf::refuse("23505", "the id of a channel is taken");
  ChannelRow opening;
  opening.id = channel.id;
  opening.connection_id = row->id;
  opening.external_calendar_id = channel.calendar_id;
  opening.secret_hash = channel.secret_hash;
  opening.expires_at = transaction.now + channel.life;
  opening.created_at = transaction.now;
  opening.address = channel.address;
  transaction.tables.channels.put(channel.id, std::move(opening));
  return true;
}

bool push_channel_opened(Transaction& transaction, const sync::Claim& claim, const std::string& id,
                         const std::string& resource_id, Moment expires_at, double renewal,
                         const std::vector<std::string>& replaces) {
  Tables& tables = transaction.tables;
  const ChannelRow* row = tables.channels.find(id);
  if (!row || row->state != "opening") return false;
  const ConnectionRow& connection = *tables.connections.find(row->connection_id);
  if (connection.lease_token != claim.lease_token || !connection.lease_until) return false;
  ChannelRow live = *row;
  live.state = "live";
  live.resource_id = resource_id;
  if (expires_at) live.expires_at = expires_at;
  live.renew_at = transaction.now + sqlf::scaled(*live.expires_at - transaction.now, sqlf::rounded(renewal, 4));
  const OfConnection watched{live.connection_id, live.external_calendar_id};
  tables.channels.put(id, std::move(live));
  update_channels(transaction, replaces, [](const ChannelRow&) { return true; }, end_channel);
  const CalendarRow* calendar = tables.calendars.find(watched);
  if (calendar && calendar->watch_retry_at) {
    CalendarRow set = *calendar;
    set.watch_error.reset();
    set.watch_retry_at.reset();
    set.watch_attempts = 0;
    tables.calendars.put(watched, std::move(set));
  }
  return true;
}

void push_channel_refused(Transaction& transaction, const std::string& connection, const std::string& calendar,
                          const std::string& reason, std::optional<std::chrono::seconds> pause, double unit) {
  const CalendarRow* row = transaction.tables.calendars.find({connection, calendar});
  if (!row) return;
  CalendarRow set = *row;
  set.watch_error = sqlf::left(sqlf::parameter(reason), longest_error);
  const Duration growing = sqlf::growing_pause(row->watch_attempts, sqlf::rounded(unit, 4));
  set.watch_retry_at = transaction.now + (pause ? Duration(*pause) : growing);
  ++set.watch_attempts;
  transaction.tables.calendars.put({connection, calendar}, std::move(set));
}

void push_channels_stopping(Transaction& transaction, const std::vector<std::string>& ids) {
  update_channels(transaction, ids, [](const ChannelRow& row) { return row.state != "stopping"; }, end_channel);
}

void push_channel_stop_failed(Transaction& transaction, const std::string& id, const std::string& reason, double unit) {
  update_channels(
      transaction, {id}, [](const ChannelRow&) { return true; },
      [&](ChannelRow& set) {
        set.retry_at = transaction.now + sqlf::growing_pause(set.attempts, sqlf::rounded(unit, 4));
        set.last_error = sqlf::left(sqlf::parameter(reason), longest_error);
        ++set.attempts;
      });
}

void push_channels_forget(Transaction& transaction, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) transaction.tables.channels.erase(id);
}

void push_channels_missed(Transaction& transaction, const sync::Claim& claim,
                          const std::vector<std::string>& calendars) {
  const std::string& connection = claim.connection.str();
  const ConnectionRow* row = transaction.tables.connections.find(connection);
  if (!row || row->wake_seq != claim.wake_seq) return;
  std::vector<std::string> ids;
  const auto& of_connection = transaction.tables.channels.index().of_connection;
  for (auto at = of_connection.lower_bound({connection, ""}); at != of_connection.end() && at->first == connection;
       ++at)
    ids.push_back(at->second);
  update_channels(
      transaction, ids,
      [&](const ChannelRow& one) {
        return sqlf::any(calendars, one.external_calendar_id) && one.state == "live" && !one.missed_at;
      },
      [&](ChannelRow& set) { set.missed_at = transaction.now; });
}

}  // namespace calsync::simulation::statements
