// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/mirror_store.hpp"

namespace calsync::store {

class PostgresMirrorStore final : public MirrorStore {
 public:
  PostgresMirrorStore(db::Pool& pool, WorkerId worker) : pool_(pool), worker_(std::move(worker)) {}

  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id) override;
  Task<sync::Mirror> known(ConnectionId connection, std::string calendar_id,
                           std::vector<std::string> event_ids) override;
  Task<bool> settle(sync::Claim claim, sync::RunRows rows, sync::Settlement settlement) override;
  Task<bool> checkpoint(sync::Claim claim, sync::RunRows rows, std::string cursor, int seconds) override;
  Task<bool> stage(sync::Claim claim, sync::StagedRead read, sync::StagedBatch batch, int seconds) override;
  Task<std::optional<sync::Counts>> flip(sync::Claim claim, sync::RunRows rows, sync::StagedRead read,
                                         std::string cursor, int seconds) override;

 private:
  db::Pool& pool_;
  WorkerId worker_;
};

}  // namespace calsync::store
