// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/database/session.hpp"

namespace calsync::simulation {

class MemoryMirror final : public store::MirrorStore {
 public:
  explicit MemoryMirror(Session& session) : session_(session) {}
  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id) override;
  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id,
                           std::vector<std::string> event_ids) override;
  Task<bool> settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) override;
  Task<bool> checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) override;
  Task<bool> stage(sync::Claim claim, sync::StagedRead read, sync::StagedBatch batch, int seconds) override;
  Task<std::optional<sync::Counts>> flip(sync::Claim claim, sync::RunRows rows, sync::StagedRead read,
                                         std::string cursor, int seconds) override;

 private:
  Session& session_;
};

class MemoryCredentials final : public store::CredentialTable {
 public:
  explicit MemoryCredentials(Session& session) : session_(session) {}
  Task<Stored> read(ConnectionId connection) override;
  Task<bool> replace(ConnectionId connection, std::int64_t lease_token,
                     std::vector<store::SealedCredential> credentials, std::optional<Time> expiry) override;

 private:
  Session& session_;
};

class MemoryChannels final : public store::PushChannelStore {
 public:
  explicit MemoryChannels(Session& session) : session_(session) {}
  Task<std::map<std::string, store::PushChannel>> find(std::vector<std::string> ids) override;
  Task<void> wake(std::vector<sync::Admission> admissions, std::vector<ConnectionId> connections,
                  store::SpokenChannels channels, std::chrono::milliseconds gap) override;
  Task<bool> open(sync::Claim claim, store::NewChannel channel) override;
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
  Task<std::vector<store::AbandonedChannel>> abandoned() override;
  Task<void> abandoned_failed(std::vector<std::string> ids, std::string reason,
                              std::optional<std::chrono::seconds> pause) override;
  Task<void> abandoned_done(std::vector<std::string> ids) override;

 private:
  Session& session_;
};

class MemoryRevocations final : public store::RevocationStore {
 public:
  explicit MemoryRevocations(Session& session) : session_(session) {}
  Task<std::vector<store::PendingRevocation>> due() override;
  Task<void> failed(std::string id, std::string reason, std::optional<std::chrono::seconds> pause) override;
  Task<void> done(std::string id) override;

 private:
  Session& session_;
};

class MemoryGates final : public store::GateTable {
 public:
  explicit MemoryGates(Session& session) : session_(session) {}
  Task<std::optional<std::string>> load(std::string component) override;
  Task<void> save(std::string component, std::string state) override;
  Task<Portion> mark(Ids owners, Ids connections, std::string after) override;

 private:
  Session& session_;
};

class MemoryRates final : public store::RateTable {
 public:
  explicit MemoryRates(Session& session) : session_(session) {}
  Task<std::vector<store::BucketGrant>> take(std::vector<store::BucketAsk> asks) override;
  Task<void> block(store::BucketName bucket, sync::BucketShape shape, Duration time) override;
  Task<bool> enter(store::Slot slot) override;
  Task<void> leave(store::Slot slot) override;

 private:
  Session& session_;
};

class MemoryCircuits final : public store::CircuitTable {
 public:
  explicit MemoryCircuits(Session& session) : session_(session) {}
  Task<std::vector<sync::Circuit>> circuits() override;
  Task<bool> save(sync::Circuit circuit) override;
  Task<store::Steady> steady(std::string provider) override;

 private:
  Session& session_;
};

class MemoryMetrics final : public store::MetricsTable {
 public:
  explicit MemoryMetrics(Session& session) : session_(session) {}
  Task<void> add(store::MetricBatch batch) override;

 private:
  Session& session_;
};

}  // namespace calsync::simulation
