// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/database/memory_database.hpp"
#include "tests/simulation/kernel/process.hpp"

namespace calsync::simulation {

/// What the database does to statements for a while. Every process' link asks here.
class DatabaseFaults {
 public:
  enum class Kind {
    refused,            ///< nobody listens
    killed,             ///< the backend ends before the statement is committed
    ambiguous,          ///< committed, and the answer never comes
    serialization,      ///< 40001
    deadlock,           ///< 40P01
    lock_timeout,       ///< 55P03, after a wait
    read_only,          ///< 25006: a standby after a failover
    disk_full,          ///< 53100
    pool_empty,         ///< every session is taken: statements wait
    notifications_lost  ///< LISTEN sessions end, and nobody hears of wake-ups
  };
  static std::string_view name(Kind kind);

  DatabaseFaults(Scheduler& scheduler, SeededRandom random, std::map<std::string, int, std::less<>>& fired)
      : scheduler_(scheduler), random_(random), fired_(fired) {}

  /// Hits each statement with this probability for so long.
  void order(Kind kind, double share, Duration how_long);
  /// Hits the next statement of this name.
  void order_once(Kind kind, std::string statement) { once_.emplace_back(kind, std::move(statement)); }
  void heal() { active_.clear(); }
  /// When a statement was hit last.
  Duration last_hit() const { return last_hit_; }

  /// The fault that hits a statement in this phase; nothing = none.
  std::optional<Kind> hit(std::string_view statement, bool before);
  Duration wait() { return random_.between(std::chrono::milliseconds(200), std::chrono::seconds(12)); }
  bool slow() { return random_.chance(0.1); }
  Duration latency() { return random_.between(std::chrono::microseconds(100), std::chrono::milliseconds(8)); }

 private:
  struct Active {
    double share = 0;
    Duration until{};
  };
  std::optional<Kind> hit_once(std::string_view statement, bool before);

  Scheduler& scheduler_;
  SeededRandom random_;
  std::map<std::string, int, std::less<>>& fired_;
  std::map<Kind, Active> active_;
  std::vector<std::pair<Kind, std::string>> once_;
  Duration last_hit_{};
};

/// One process' way to the database: what may come between a statement and its answer.
class FaultyLink final : public DatabaseLink {
 public:
  FaultyLink(Process& process, DatabaseFaults& faults) : process_(process), faults_(faults) {}
  Task<void> request(std::string_view statement) override;
  Task<void> reply(std::string_view statement) override;

 private:
  Process& process_;
  DatabaseFaults& faults_;
};

}  // namespace calsync::simulation
