// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/gate.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

/// A channel through which a provider announces changes of one calendar.
struct PushChannel {
  ConnectionId connection{};
  OwnerId owner{};
  std::string provider{};
  std::string secret_hash{};  ///< SHA-256 of its secret, hex
  std::string resource_id{};  ///< "" while the provider's answer to its opening is on the way
  bool stopped = false;       ///< its late messages mean nothing any more
};

/// What channels said, by their ids.
struct SpokenChannels {
  std::vector<std::string> spoke{};  ///< all of them
  std::vector<std::string> renew{};  ///< of them, those that the provider wants renewed
  std::vector<std::string> ended{};  ///< of them, those that the provider has ended
};

/// A channel that is about to be opened.
struct NewChannel {
  std::string id{};
  std::string calendar_id{};
  std::string secret_hash{};
  std::string address{};
  std::chrono::seconds life{};
};

/// A channel whose connection is gone, with the grant that can stop it.
struct AbandonedChannel {
  std::string id{};
  std::string resource_id{};
  ConnectionId connection{};
  OwnerId owner{};
  std::string provider{};
  std::string sealed{};  ///< the connection's refresh token, sealed for the connection
  std::int64_t attempts = 0;
};

/// calendar_push_channels. Throws db::DatabaseError.
class PushChannelStore {
 public:
  virtual ~PushChannelStore() = default;

  /// Channels by id; unknown ones are left out.
  virtual Task<std::map<std::string, PushChannel>> find(std::vector<std::string> ids) = 0;
  /// Marks the connections of channels that spoke, durably when this returns; channels are due for renewal, or at their
  /// end, where they said so. `gap`: between two runs that pushes ask for.
  virtual Task<void> wake(std::vector<sync::Admission> admissions, std::vector<ConnectionId> connections,
                          SpokenChannels channels, std::chrono::milliseconds gap) = 0;

  // What the holder of a connection's lease writes.

  /// Fenced. False = the lease is lost.
  virtual Task<bool> open(sync::Claim claim, NewChannel channel) = 0;
  /// `renewal`: the share of its life after which it is replaced, in (0, 1). Nothing for `expires_at` = as asked.
  /// Fenced. False = somebody has ended it meanwhile, or its connection is gone.
  virtual Task<bool> opened(sync::Claim claim, std::string id, std::string resource_id, std::optional<Time> expires_at,
                            double renewal, std::vector<std::string> replaces) = 0;
  /// The provider refused. Without `pause` the pauses grow, with jitter by `unit` in [0, 1).
  virtual Task<void> refused(ConnectionId connection, std::string calendar_id, std::string reason,
                             std::optional<std::chrono::seconds> pause, double unit) = 0;
  virtual Task<void> stopping(std::vector<std::string> ids) = 0;
  virtual Task<void> stop_failed(std::string id, std::string reason, double unit) = 0;
  virtual Task<void> forget(std::vector<std::string> ids) = 0;
  virtual Task<void> missed(sync::Claim claim, std::vector<std::string> calendars) = 0;

  // What any worker does now and then.

  /// Marks connections whose channels need a run. Without `pushes` every open channel does. Returns how many.
  virtual Task<int> tend(bool pushes, std::chrono::seconds patience, std::optional<std::vector<std::string>> owners,
                         std::optional<std::vector<std::string>> connections) = 0;
  virtual Task<std::vector<AbandonedChannel>> abandoned() = 0;
  virtual Task<void> abandoned_failed(std::vector<std::string> ids, std::string reason,
                                      std::optional<std::chrono::seconds> pause) = 0;
  virtual Task<void> abandoned_done(std::vector<std::string> ids) = 0;
};

}  // namespace calsync::store
