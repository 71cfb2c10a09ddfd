// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/push_channel_store.hpp"

namespace calsync::store {

class PostgresPushChannelStore final : public PushChannelStore {
 public:
  explicit PostgresPushChannelStore(db::Pool& pool) : pool_(pool) {}

  Task<std::map<std::string, PushChannel>> find(std::vector<std::string> ids) override;
  Task<void> wake(std::vector<sync::Admission> admissions, std::vector<ConnectionId> connections,
                  SpokenChannels channels, std::chrono::milliseconds gap) override;
  Task<bool> open(sync::Claim claim, NewChannel channel) override;
  Task<bool> opened(sync::Claim claim, std::string id, std::string resource_id, std::optional<Time> expires_at,
                    double renewal, std::vector<std::string> replaces) override;
  Task<void> refused(ConnectionId connection, std::string calendar_id, std::string reason,
                     std::optional<std::chrono::seconds> pause, double unit) override;
  Task<void> stopping(std::vector<std::string> ids) override;
  Task<void> stop_failed(std::string id, std::string reason, double unit) override;
  Task<void> forget(std::vector<std::string> ids) override;
  Task<void> missed(sync::Claim claim, std::vector<std::string> calendars) override;
  Task<int> tend(bool pushes, std::chrono::seconds patience, std::optional<std::vector<std::string>> owners,
                 std::optional<std::vector<std::string>> connections) override;
  Task<std::vector<AbandonedChannel>> abandoned() override;
  Task<void> abandoned_failed(std::vector<std::string> ids, std::string reason,
                              std::optional<std::chrono::seconds> pause) override;
  Task<void> abandoned_done(std::vector<std::string> ids) override;

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
