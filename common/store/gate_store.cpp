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

class AtWork {
 public:
  explicit AtWork(bool& flag) : flag_(flag) { flag_ = true; }
  ~AtWork() { flag_ = false; }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  bool& flag_;
};

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

Task<int> record_gate(GateTable& table, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched,
                      Gates meanwhile) {
  const std::optional<std::string> stored = co_await table.load(component);
  if (stored) meanwhile.push_back(sync::gate_from_json(*stored));
  int marked = 0;
  for (const sync::GateSettings& before : meanwhile) {
    for (Scope& scope : scopes_of(sync::released(before, gate, watched), gate))
      marked += co_await mark_scope(table, std::move(scope));
  }
  // Saved last: a crash in between marks a few rows twice, never none.
  co_await table.save(std::move(component), sync::gate_to_json(gate));
  co_return marked;
}

GateRecorder::GateRecorder(AsyncClock& clock, const Log& log, GateTable& table, std::string component,
                           std::set<sync::Flag> watched, BeforeMarking before_marking)
    : clock_(clock),
      log_(log),
      table_(table),
      component_(std::move(component)),
      watched_(std::move(watched)),
      before_marking_(std::move(before_marking)) {}

Task<int> GateRecorder::record(sync::GateSettings gate) {
  constexpr std::chrono::seconds longest_pause{5};
  unsaved_.push_back(std::move(gate));
  if (at_work_) co_return 0;
  const AtWork busy(at_work_);
  int marked = 0;
  for (Duration pause = std::chrono::milliseconds(500); !unsaved_.empty() && !stopping_;) {
    try {
      marked += co_await record_unsaved();
      continue;
    } catch (const db::DatabaseError& error) {
      log_.error("the new flags are in force; what they let in again is marked due when the database is back",
                 {.error_code = "database_error", .metadata = {{"reason", error.what()}}});
    }
    co_await clock_.sleep(pause);
    pause = std::min<Duration>(pause * 2, longest_pause);
  }
  co_return marked;
}

Task<int> GateRecorder::record_unsaved() {
  Gates gates = unsaved_;
  const auto count = static_cast<std::ptrdiff_t>(gates.size());
  if (before_marking_) co_await before_marking_(gates);
  sync::GateSettings newest = std::move(gates.back());
  gates.pop_back();
  const int marked = co_await record_gate(table_, component_, std::move(newest), watched_, std::move(gates));
  unsaved_.erase(unsaved_.begin(), unsaved_.begin() + count);
  co_return marked;
}

}  // namespace calsync::store
