// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/memory_stores.hpp"
#include "tests/simulation/database/statements/push.hpp"

namespace calsync::simulation {

using namespace statements;

Task<std::map<std::string, store::PushChannel>> MemoryChannels::find(std::vector<std::string> ids) {
  co_return co_await session_.run("push_channels", [&](Transaction& one) { return push_channels(one, ids); });
}

Task<void> MemoryChannels::wake(std::vector<sync::Admission>, std::vector<ConnectionId> connections,
                                store::SpokenChannels channels, std::chrono::milliseconds gap) {
  co_await session_.run("push_wake", [&](Transaction& one) { push_wake(one, connections, channels, gap); });
}

Task<bool> MemoryChannels::open(sync::Claim claim, store::NewChannel channel) {
  co_return co_await session_.run("push_channel_open",
                                  [&](Transaction& one) { return push_channel_open(one, claim, channel); });
}

Task<bool> MemoryChannels::opened(sync::Claim claim, std::string id, std::string resource_id,
                                  std::optional<Time> expires_at, double renewal, std::vector<std::string> replaces) {
  co_return co_await session_.run("push_channel_opened", [&](Transaction& one) {
    return push_channel_opened(one, claim, id, resource_id, expires_at, renewal, replaces);
  });
}

Task<void> MemoryChannels::refused(ConnectionId connection, std::string calendar_id, std::string reason,
                                   std::optional<std::chrono::seconds> pause, double unit) {
  co_await session_.run("push_channel_refused", [&](Transaction& one) {
    push_channel_refused(one, connection.str(), calendar_id, reason, pause, unit);
  });
}

Task<void> MemoryChannels::stopping(std::vector<std::string> ids) {
  co_await session_.run("push_channels_stopping", [&](Transaction& one) { push_channels_stopping(one, ids); });
}

Task<void> MemoryChannels::stop_failed(std::string id, std::string reason, double unit) {
  co_await session_.run("push_channel_stop_failed",
                        [&](Transaction& one) { push_channel_stop_failed(one, id, reason, unit); });
}

Task<void> MemoryChannels::forget(std::vector<std::string> ids) {
  co_await session_.run("push_channels_forget", [&](Transaction& one) { push_channels_forget(one, ids); });
}

Task<void> MemoryChannels::missed(sync::Claim claim, std::vector<std::string> calendars) {
  co_await session_.run("push_channels_missed", [&](Transaction& one) { push_channels_missed(one, claim, calendars); });
}

Task<int> MemoryChannels::tend(bool pushes, std::chrono::seconds patience,
                               std::optional<std::vector<std::string>> owners,
                               std::optional<std::vector<std::string>> connections) {
  co_return co_await session_.run(
      "push_tend", [&](Transaction& one) { return push_tend(one, pushes, patience, owners, connections); });
}

Task<std::vector<store::AbandonedChannel>> MemoryChannels::abandoned() {
  co_return co_await session_.run("abandoned_channels_due",
                                  [](Transaction& one) { return abandoned_channels_due(one); });
}

Task<void> MemoryChannels::abandoned_failed(std::vector<std::string> ids, std::string reason,
                                            std::optional<std::chrono::seconds> pause) {
  co_await session_.run("abandoned_channels_failed",
                        [&](Transaction& one) { abandoned_channels_failed(one, ids, reason, pause); });
}

Task<void> MemoryChannels::abandoned_done(std::vector<std::string> ids) {
  co_await session_.run("abandoned_channels_done", [&](Transaction& one) { abandoned_channels_done(one, ids); });
}

}  // namespace calsync::simulation
