// SPDX-License-Identifier: Apache-2.0
#include "common/store/gate_store.hpp"

namespace calsync::store {
namespace {

constexpr const char* before_all_ids = "00000000-0000-0000-0000-000000000000";

db::Value restriction(const sync::Allowlist& list) {
  if (list.everybody) return std::nullopt;
  return db::array_literal({list.ids.begin(), list.ids.end()});
}

struct Scope {
  db::Value owners;
  db::Value connections;
};

/// What the release lets in, never more than the new gate admits.
std::vector<Scope> scopes_of(const sync::Release& release, const sync::GateSettings& gate) {
  if (release.everything) return {{restriction(gate.owners), restriction(gate.connections)}};
  std::vector<Scope> scopes;
  if (!release.owners.empty()) scopes.push_back({db::array_literal(release.owners), restriction(gate.connections)});
  if (!release.connections.empty())
    scopes.push_back({restriction(gate.owners), db::array_literal(release.connections)});
  return scopes;
}

Task<int> wake_scope(db::Pool& pool, Scope scope) {
  int woken = 0;
  std::string after = before_all_ids;
  // In portions, so that a million rows are not locked at once.
  for (;;) {
    db::Values values{scope.owners, scope.connections, after};
    const db::Rows rows = co_await pool.query(sql::gate_admitted_connections, std::move(values));
    if (rows.empty()) co_return woken;
    std::vector<std::string> ids;
    for (int row = 0; row < rows.size(); ++row) ids.emplace_back(rows.text(row, "id"));
    after = ids.back();
    woken += rows.size();
    db::Values portion{db::array_literal(ids)};
    co_await pool.query(sql::connections_wake, std::move(portion));
  }
}

}  // namespace

Task<int> record_gate(db::Pool& pool, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched) {
  db::Values name{component};
  const db::Rows stored = co_await pool.query(sql::gate_load, std::move(name));
  int woken = 0;
  if (!stored.empty()) {
    const sync::GateSettings before = sync::gate_from_json(stored.text(0, "state"));
    for (Scope& scope : scopes_of(sync::released(before, gate, watched), gate))
      woken += co_await wake_scope(pool, std::move(scope));
  }
  // Saved last: a crash in between marks a few rows twice, never none.
  db::Values state{std::move(component), sync::gate_to_json(gate)};
  co_await pool.query(sql::gate_save, std::move(state));
  co_return woken;
}

}  // namespace calsync::store
