// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_revocation_store.hpp"

namespace calsync::store {

Task<std::vector<PendingRevocation>> PostgresRevocationStore::due() {
  co_await pool_.query(sql::revocations_superseded, {});
  const db::Rows rows = co_await pool_.query(sql::revocations_due, {});
  std::vector<PendingRevocation> pending;
  for (int row = 0; row < rows.size(); ++row) {
    pending.push_back({std::string(rows.text(row, "id")), std::string(rows.text(row, "provider_id")),
                       std::string(rows.text(row, "provider")), std::string(rows.text(row, "sealed")),
                       rows.number(row, "attempts")});
  }
  co_return pending;
}

Task<void> PostgresRevocationStore::failed(std::string id, std::string reason,
                                           std::optional<std::chrono::seconds> pause) {
  db::Values values{std::move(id), std::move(reason), pause ? db::Value(std::to_string(pause->count())) : db::Value()};
  co_await pool_.query(sql::revocation_failed, std::move(values));
}

Task<void> PostgresRevocationStore::done(std::string id) {
  db::Values values{std::move(id)};
  co_await pool_.query(sql::revocation_done, std::move(values));
}

}  // namespace calsync::store
