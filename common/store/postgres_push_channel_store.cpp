// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_push_channel_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace calsync::store {

Task<std::map<std::string, PushChannel>> PostgresPushChannelStore::find(std::vector<std::string> ids) {
  db::Values values{db::array_literal(ids)};
  const db::Rows rows = co_await pool_.query(sql::push_channels, std::move(values));
  std::map<std::string, PushChannel> channels;
  for (int row = 0; row < rows.size(); ++row) {
    PushChannel channel;
    channel.connection = ConnectionId::trusted(std::string(rows.text(row, "connection_id")));
    channel.owner = OwnerId::trusted(std::string(rows.text(row, "provider_id")));
    channel.provider = rows.text(row, "provider");
    channel.secret_hash = rows.text(row, "secret_hash");
    channel.resource_id = rows.text(row, "resource_id");
    channel.stopped = sync::parse_channel_state(rows.text(row, "state")) == sync::ChannelState::stopping;
    channels.emplace(rows.text(row, "id"), std::move(channel));
  }
  co_return channels;
}

Task<void> PostgresPushChannelStore::wake(std::vector<sync::Admission>, std::vector<ConnectionId> connections,
                                          SpokenChannels channels, std::chrono::milliseconds gap) {
  std::vector<std::string> ids;
  ids.reserve(connections.size());
  for (const ConnectionId& connection : connections) ids.push_back(connection.str());
  // Sorted: one order of locks for everybody.
  std::sort(ids.begin(), ids.end());
  db::Values values{db::array_literal(ids), db::array_literal(channels.spoke),
                    fmt::format("{:.3f}", static_cast<double>(gap.count()) / 1000), db::array_literal(channels.renew),
                    db::array_literal(channels.ended)};
  co_await pool_.query(sql::push_wake, std::move(values));
}

Task<bool> PostgresPushChannelStore::open(sync::Claim claim, NewChannel channel) {
  db::Values values{claim.connection.str(),         std::to_string(claim.lease_token),
                    std::move(channel.id),          std::move(channel.calendar_id),
                    std::move(channel.secret_hash), std::to_string(channel.life.count()),
                    std::move(channel.address)};
  const db::Rows rows = co_await pool_.query(sql::push_channel_open, std::move(values));
  co_return !rows.empty();
}

Task<bool> PostgresPushChannelStore::opened(sync::Claim claim, std::string id, std::string resource_id,
                                            std::optional<Time> expires_at, double renewal,
                                            std::vector<std::string> replaces) {
  db::Values values{std::move(id),
                    std::move(resource_id),
                    expires_at ? db::Value(format_rfc3339(*expires_at)) : db::Value(),
                    fmt::format("{:.4f}", renewal),
                    db::array_literal(replaces),
                    std::to_string(claim.lease_token)};
  const db::Rows rows = co_await pool_.query(sql::push_channel_opened, std::move(values));
  co_return !rows.empty();
}

Task<void> PostgresPushChannelStore::refused(ConnectionId connection, std::string calendar_id, std::string reason,
                                             std::optional<std::chrono::seconds> pause, double unit) {
  db::Values values{connection.str(), std::move(calendar_id), std::move(reason),
                    pause ? db::Value(std::to_string(pause->count())) : db::Value(), fmt::format("{:.4f}", unit)};
  co_await pool_.query(sql::push_channel_refused, std::move(values));
}

Task<void> PostgresPushChannelStore::stopping(std::vector<std::string> ids) {
  db::Values values{db::array_literal(ids)};
  co_await pool_.query(sql::push_channels_stopping, std::move(values));
}

Task<void> PostgresPushChannelStore::stop_failed(std::string id, std::string reason, double unit) {
  db::Values values{std::move(id), std::move(reason), fmt::format("{:.4f}", unit)};
  co_await pool_.query(sql::push_channel_stop_failed, std::move(values));
}

Task<void> PostgresPushChannelStore::forget(std::vector<std::string> ids) {
  db::Values values{db::array_literal(ids)};
  co_await pool_.query(sql::push_channels_forget, std::move(values));
}

Task<void> PostgresPushChannelStore::missed(sync::Claim claim, std::vector<std::string> calendars) {
  db::Values values{claim.connection.str(), db::array_literal(calendars), std::to_string(claim.wake_seq)};
  co_await pool_.query(sql::push_channels_missed, std::move(values));
}

Task<int> PostgresPushChannelStore::tend(bool pushes, std::chrono::seconds patience,
                                         std::optional<std::vector<std::string>> owners,
                                         std::optional<std::vector<std::string>> connections) {
  db::Values values{pushes ? "true" : "false", std::to_string(patience.count()),
                    owners ? db::Value(db::array_literal(*owners)) : db::Value(),
                    connections ? db::Value(db::array_literal(*connections)) : db::Value()};
  const db::Rows rows = co_await pool_.query(sql::push_tend, std::move(values));
  co_return static_cast<int>(rows.affected());
}

Task<std::vector<AbandonedChannel>> PostgresPushChannelStore::abandoned() {
  const db::Rows rows = co_await pool_.query(sql::abandoned_channels_due, {});
  std::vector<AbandonedChannel> channels;
  for (int row = 0; row < rows.size(); ++row) {
    channels.push_back({std::string(rows.text(row, "id")), std::string(rows.text(row, "resource_id")),
                        ConnectionId::trusted(std::string(rows.text(row, "connection_id"))),
                        OwnerId::trusted(std::string(rows.text(row, "provider_id"))),
                        std::string(rows.text(row, "provider")), std::string(rows.text(row, "sealed")),
                        rows.number(row, "attempts")});
  }
  co_return channels;
}

Task<void> PostgresPushChannelStore::abandoned_failed(std::vector<std::string> ids, std::string reason,
                                                      std::optional<std::chrono::seconds> pause) {
  db::Values values{db::array_literal(ids), std::move(reason),
                    pause ? db::Value(std::to_string(pause->count())) : db::Value()};
  co_await pool_.query(sql::abandoned_channels_failed, std::move(values));
}

Task<void> PostgresPushChannelStore::abandoned_done(std::vector<std::string> ids) {
  db::Values values{db::array_literal(ids)};
  co_await pool_.query(sql::abandoned_channels_done, std::move(values));
}

}  // namespace calsync::store
