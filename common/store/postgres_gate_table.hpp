// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/gate_store.hpp"

namespace calsync::store {

class PostgresGateTable final : public GateTable {
 public:
  explicit PostgresGateTable(db::Pool& pool) : pool_(pool) {}

  Task<std::optional<std::string>> load(std::string component) override;
  Task<void> save(std::string component, std::string state) override;
  Task<Portion> mark(Ids owners, Ids connections, std::string after) override;

 private:
  db::Pool& pool_;
};

}  // namespace calsync::store
