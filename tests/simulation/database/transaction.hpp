// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>

#include "tests/simulation/database/plant.hpp"
#include "tests/simulation/database/tables.hpp"

namespace calsync::simulation {

/// Which of the columns that triggers watch an UPDATE names, whether it changes them or not.
enum class Names {
  neither,
  sync_needed,  ///< calsync_a_woken
  edited,       ///< sync_cursor, last_synced_at, backoff_until, error_count, sync_enabled, sync_frequency_minutes
  both
};

/// One statement, or several that are applied together, at one instant. Whoever runs it commits the tables or rolls
/// them back. Rows of the two tables with triggers change through it only.
class Transaction {
 public:
  Transaction(Tables& all, Time at, Plant deviation) : tables(all), now(at), plant(deviation) {}

  /// UPDATE external_calendar_connections … WHERE id = `id`, with its triggers; the row has to be there.
  void update_connection(const std::string& id, Names names, const std::function<void(ConnectionRow&)>& set);
  void insert_connection(ConnectionRow row);
  /// With all that hangs on it. False = there is none.
  bool delete_connection(const std::string& id);

  void insert_event(EventRow row);
  /// UPDATE external_calendar_events …; `status` = the statement names sync_status.
  void update_event(const EventKey& key, bool status, const std::function<void(EventRow&)>& set);

  Tables& tables;
  const Time now;
  const Plant plant;
  bool notifies = false;          ///< NOTIFY calsync_wake at the commit
  std::set<std::string> woken{};  ///< connections of which this is the transaction in woken_by
};

}  // namespace calsync::simulation
