// SPDX-License-Identifier: Apache-2.0
#include "common/store/push_channel_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace calsync::store {

Task<std::map<std::string, PushChannel>> PushChannelStore::find(std::vector<std::string> ids) {
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
    channel.stopped = rows.text(row, "state") == "stopped";
    channels.emplace(rows.text(row, "id"), std::move(channel));
  }
  co_return channels;
}

Task<void> PushChannelStore::wake(std::vector<sync::Admission>, std::vector<ConnectionId> connections,
                                  std::vector<std::string> channels, std::chrono::milliseconds gap) {
  std::vector<std::string> ids;
  ids.reserve(connections.size());
  for (const ConnectionId& connection : connections) ids.push_back(connection.str());
  // Sorted: one order of locks for everybody.
  std::sort(ids.begin(), ids.end());
  db::Values values{db::array_literal(ids), db::array_literal(channels),
                    fmt::format("{:.3f}", static_cast<double>(gap.count()) / 1000)};
  co_await pool_.query(sql::push_wake, std::move(values));
}

}  // namespace calsync::store
