// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/db/database_error.hpp"

namespace calsync::store {

/// A grant of a disconnected account that the provider has to be told about.
struct PendingRevocation {
  std::string id{};
  std::string owner{};
  std::string provider{};
  std::string sealed{};
  std::int64_t attempts = 0;
};

/// calendar_revocations. Throws db::DatabaseError.
class RevocationStore {
 public:
  virtual ~RevocationStore() = default;
  /// A portion of what is due, taken for a while by whoever asks. Grants of accounts that were connected again are
  /// dropped first: revoking the old one would take the new one with it.
  virtual Task<std::vector<PendingRevocation>> due() = 0;
  /// `pause`: what the provider asked for.
  virtual Task<void> failed(std::string id, std::string reason, std::optional<std::chrono::seconds> pause) = 0;
  virtual Task<void> done(std::string id) = 0;
};

}  // namespace calsync::store
