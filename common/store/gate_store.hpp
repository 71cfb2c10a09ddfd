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

using Gates = std::vector<sync::GateSettings>;

/// Remembers the gate that `component` runs with, and marks due what it lets in again compared with last time, and with
/// the gates of `meanwhile`, which nobody has remembered: while a switch was off, pushes were refused (the provider
/// does not repeat them) and wake-ups could not be served. Returns how many connections were marked. Safe to run in
/// several processes at once.
Task<int> record_gate(GateTable& table, std::string component, sync::GateSettings gate, std::set<sync::Flag> watched,
                      Gates meanwhile = {});

/// Records the gates that a process runs with, one after the other, and goes on while the database is away: a switch
/// that went off and came back meanwhile has refused something, too.
class GateRecorder {
 public:
  /// Told of the gates that are not recorded yet, the newest last, before anything is marked.
  using BeforeMarking = std::function<Task<void>(Gates)>;
  GateRecorder(AsyncClock& clock, const Log& log, GateTable& table, std::string component, std::set<sync::Flag> watched,
               BeforeMarking before_marking = {});

  /// Returns how many connections were marked. While a call is at work, it takes over what the next ones bring.
  Task<int> record(sync::GateSettings gate);
  void stop() { stopping_ = true; }

 private:
  Task<int> record_unsaved();

  AsyncClock& clock_;
  const Log& log_;
  GateTable& table_;
  std::string component_;
  std::set<sync::Flag> watched_;
  BeforeMarking before_marking_;
  Gates unsaved_;
  bool at_work_ = false;
  bool stopping_ = false;
};

}  // namespace calsync::store
