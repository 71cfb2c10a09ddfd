// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/revocation_store.hpp"

namespace calsync::store {

class PostgresRevocationStore final : public RevocationStore {
 public:
  explicit PostgresRevocationStore(db::Pool& pool) : pool_(pool) {}

  Task<std::vector<PendingRevocation>> due() override;
  Task<void> failed(std::string id, std::string reason, std::optional<std::chrono::seconds> pause) override;
  Task<void> done(std::string id) override;

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
