// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/store/operator_store.hpp"

namespace calsync::store {

inline constexpr int default_bulk_cap = 100;
inline constexpr int largest_bulk_cap = 10'000;

struct BulkRequest {
  OperatorAction action = OperatorAction::sync;
  ConnectionFilter filter{};
  Author author{};
  int minutes = 0;
  int cap = default_bulk_cap;
  std::int64_t expected = 0;  ///< how many the preview counted
};

/// A bulk action as it stands.
struct BulkView {
  std::string id{}, actor{}, actor_kind{}, action{}, reason{};
  std::string filter{};  ///< JSON
  std::optional<std::int64_t> minutes{};
  std::int64_t cap = 0, matched = 0, touched = 0, skipped = 0;
  std::string state{};  ///< running | stopping | done | stopped | failed | interrupted
  std::string note{}, stopped_by{};
  std::optional<Time> created_at{}, finished_at{};
};

struct BulkPortion {
  std::vector<std::string> connections{};  ///< none = all have had their turn
  OperatorAction action = OperatorAction::sync;
  int minutes = 0;
  Author author{};
};

enum class BulkStep { more, finished, over };

/// Actions over many connections, worked off in portions. A portion is one transaction with its progress, so that what
/// the row says was touched was touched.
class BulkStore {
 public:
  /// Whether the gate lets an action concern this connection.
  using Admits = std::function<bool(const std::string& owner, const std::string& connection)>;
  explicit BulkStore(db::Pool& pool) : pool_(pool) {}

  /// The id; nothing = the filter does not meet `expected` connections any more, or more than the cap.
  Task<std::optional<std::string>> start(BulkRequest request);
  Task<std::optional<BulkView>> find(std::string id);
  Task<std::vector<BulkView>> latest(int limit);
  /// Has it stop before its next portion; false = it is not running.
  Task<bool> stop(std::string id, Author author);

  /// The next portion, for actions that are more than a statement. Nothing = it was stopped or given up for dead.
  Task<std::optional<BulkPortion>> next(std::string id, int size);
  /// Those of `connections` that still meet the filter and are admitted.
  Task<std::vector<std::string>> still_wanted(std::string id, std::vector<std::string> connections, Admits admits);
  Task<void> progress(std::string id, std::size_t passed, std::size_t touched);
  /// Does the next portion.
  Task<BulkStep> step(std::string id, int size, Admits admits);
  /// `state`: done, failed or interrupted; a stop that was asked for makes it stopped.
  Task<void> end(std::string id, std::string state, std::string note);

 private:
  Task<std::vector<BulkView>> read(db::Value id, int limit);
  db::Pool& pool_;
};

}  // namespace calsync::store
