// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_gate_table.hpp"

namespace calsync::store {
namespace {

db::Value maybe_array(const GateTable::Ids& ids) { return ids ? db::Value(db::array_literal(*ids)) : db::Value(); }

}  // namespace

Task<std::optional<std::string>> PostgresGateTable::load(std::string component) {
  db::Values values{std::move(component)};
  const db::Rows rows = co_await pool_.query(sql::gate_load, std::move(values));
  if (rows.empty()) co_return std::nullopt;
  co_return std::string(rows.text(0, "state"));
}

Task<void> PostgresGateTable::save(std::string component, std::string state) {
  db::Values values{std::move(component), std::move(state)};
  co_await pool_.query(sql::gate_save, std::move(values));
}

Task<GateTable::Portion> PostgresGateTable::mark(Ids owners, Ids connections, std::string after) {
  db::Values values{maybe_array(owners), maybe_array(connections), std::move(after)};
  const db::Rows rows = co_await pool_.query(sql::gate_admitted_connections, std::move(values));
  if (rows.empty()) co_return Portion{};
  std::vector<std::string> ids;
  for (int row = 0; row < rows.size(); ++row) ids.emplace_back(rows.text(row, "id"));
  db::Values portion{db::array_literal(ids)};
  co_await pool_.query(sql::connections_wake, std::move(portion));
  co_return Portion{rows.size(), ids.back()};
}

}  // namespace calsync::store
