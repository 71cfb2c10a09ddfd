// SPDX-License-Identifier: Apache-2.0
#include "common/store/gate_store.hpp"

#include <algorithm>

namespace calsync::store {
namespace {

constexpr const char* before_all_ids = "00000000-0000-0000-0000-000000000000";

GateTable::Ids restriction(const sync::Allowlist& list) {
  if (list.everybody) return std::nullopt;
  return std::vector<std::string>(list.ids.begin(), list.ids.end());
}

struct Scope {
  GateTable::Ids owners;
  GateTable::Ids connections;
};

/// What the release lets in, never more than the new gate admits.
std::vector<Scope> scopes_of(const sync::Release& release, const sync::GateSettings& gate) {
  if (release.everything) return {{restriction(gate.owners), restriction(gate.connections)}};
  std::vector<Scope> scopes;
  if (!release.owners.empty()) scopes.push_back({release.owners, restriction(gate.connections)});
  if (!release.connections.empty()) scopes.push_back({restriction(gate.owners), release.connections});
  return scopes;
}

Task<int> mark_scope(GateTable& table, Scope scope) {
  int marked = 0;
  std::string after = before_all_ids;
  // In portions, so that a million rows are not locked at once.
  while (!after.empty()) {
    const GateTable::Portion portion = co_await table.mark(scope.owners, scope.connections, after);
    marked += portion.marked;
    after = portion.last;
  }
  co_return marked;
}

}  // namespace

Task<int> record_gate(GateTable& table, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched) {
  const std::optional<std::string> stored = co_await table.load(component);
  int marked = 0;
  if (stored) {
    const sync::GateSettings before = sync::gate_from_json(*stored);
    for (Scope& scope : scopes_of(sync::released(before, gate, watched), gate))
      marked += co_await mark_scope(table, std::move(scope));
  }
  // Saved last: a crash in between marks a few rows twice, never none.
  co_await table.save(std::move(component), sync::gate_to_json(gate));
  co_return marked;
}

Task<bool> until_marked(AsyncClock& clock, const Log& log, std::function<Task<void>()> mark,
                        std::function<bool()> superseded) {
  constexpr std::chrono::seconds longest_pause{5};
  for (Duration pause = std::chrono::milliseconds(500); !superseded();) {
    try {
      co_await mark();
      co_return true;
    } catch (const db::DatabaseError& error) {
      log.error("the new flags are in force; what they let in again is marked due when the database is back",
                {.error_code = "database_error", .metadata = {{"reason", error.what()}}});
    }
    co_await clock.sleep(pause);
    pause = std::min<Duration>(pause * 2, longest_pause);
  }
  co_return false;
}

}  // namespace calsync::store
