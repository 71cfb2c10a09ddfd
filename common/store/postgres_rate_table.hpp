// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/rate_table.hpp"

namespace calsync::store {

class PostgresRateTable final : public RateTable {
 public:
  explicit PostgresRateTable(db::Pool& pool) : pool_(pool) {}
  Task<std::vector<BucketGrant>> take(std::vector<BucketAsk> asks) override;
  Task<void> block(BucketName bucket, sync::BucketShape shape, Duration time) override;
  Task<bool> enter(Slot slot) override;
  Task<void> leave(Slot slot) override;

 private:
  db::Pool& pool_;
};

class PostgresCircuitTable final : public CircuitTable {
 public:
  explicit PostgresCircuitTable(db::Pool& pool) : pool_(pool) {}
  Task<std::vector<sync::Circuit>> circuits() override;
  Task<bool> save(sync::Circuit circuit) override;
  Task<Steady> steady(std::string provider) override;

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
