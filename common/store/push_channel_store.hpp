// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/sync/gate.hpp"

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

/// calendar_push_channels. Throws db::DatabaseError.
class PushChannelStore {
 public:
  explicit PushChannelStore(db::Pool& pool) : pool_(pool) {}

  /// Channels by id; unknown ones are left out.
  Task<std::map<std::string, PushChannel>> find(std::vector<std::string> ids);
  /// Marks the connections of channels that spoke, durably when this returns. `gap`: between two runs that pushes ask
  /// for.
  Task<void> wake(std::vector<sync::Admission> admissions, std::vector<ConnectionId> connections,
                  std::vector<std::string> channels, std::chrono::milliseconds gap);

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
