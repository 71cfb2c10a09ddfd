// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/async/clock.hpp"
#include "common/async/task.hpp"
#include "common/base/log.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/gate.hpp"

namespace calsync::store {

/// What the database keeps about the gate, and the connections that a gate lets in. Throws db::DatabaseError.
class GateTable {
 public:
  /// Nothing = all.
  using Ids = std::optional<std::vector<std::string>>;
  struct Portion {
    int marked = 0;
    std::string last{};  ///< the next portion begins after this id; "" = there is none
  };

  virtual ~GateTable() = default;
  /// The gate that `component` last ran with, as JSON; nothing = it never ran.
  virtual Task<std::optional<std::string>> load(std::string component) = 0;
  virtual Task<void> save(std::string component, std::string state) = 0;
  /// Marks the next few thousand enabled connections due that `owners` and `connections` name and whose ids are
  /// greater than `after`.
  virtual Task<Portion> mark(Ids owners, Ids connections, std::string after) = 0;
};

/// Remembers the gate that `component` runs with, and marks due what it lets in again compared with last time: while a
/// switch was off, pushes were refused (the provider does not repeat them) and wake-ups could not be served. Returns
/// how many connections were marked. Safe to run in several processes at once.
Task<int> record_gate(GateTable& table, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched);

/// Repeats `mark` while the database is away. False = `superseded` by a newer gate before it was done.
Task<bool> until_marked(AsyncClock& clock, const Log& log, std::function<Task<void>()> mark,
                        std::function<bool()> superseded);

}  // namespace calsync::store
