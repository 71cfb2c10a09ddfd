// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/connection_store.hpp"
#include "common/store/job_run_store.hpp"
#include "tests/simulation/database/memory_database.hpp"

namespace calsync::simulation {

/// What the API server does to the database besides push messages, as ConnectionStore and JobRunStore do it. Plain
/// calls: the simulated outsiders have no link that fails. Ids that Postgres would make up are the caller's.
class ApiServer {
 public:
  explicit ApiServer(MemoryDatabase& database) : database_(database) {}

  /// `credentials` are sealed for the connection that is returned: `id`, or the one that is renewed.
  store::Connected connect(const store::NewConnection& one, const std::string& id,
                           const std::vector<store::SealedCredential>& credentials);
  bool confirm(const std::string& connection, const std::string& owner);
  void set_enabled(const std::string& connection, bool enabled);
  void set_frequency(const std::string& connection, int minutes);
  std::vector<std::string> select_calendars(const std::string& connection, const std::vector<std::string>& calendars);

  std::vector<store::Wake> wake(const std::string& connection, store::Priority priority);
  std::vector<store::Wake> wake_owner(const std::string& owner, store::Priority priority,
                                      const std::optional<std::vector<std::string>>& listed);
  std::vector<store::Served> served(const std::vector<store::Wake>& wakes);

  /// `revocation`: id and sealed token.
  store::Holdings erase(const std::string& connection,
                        const std::optional<std::pair<std::string, std::string>>& revocation);
  void revocation_done(const std::string& id);
  bool revocation_waits(const std::string& id) const;

  void start_job_run(const std::string& id, const sync::GateSettings& gate, const std::string& run_by,
                     const store::JobScope& scope);
  std::optional<store::JobRun> find_job_run(const std::string& id);

 private:
  MemoryDatabase& database_;
};

/// Columns that an UPDATE of external_calendar_connections names; nothing = not named.
struct ConnectionEdit {
  std::optional<bool> sync_enabled{};
  std::optional<bool> sync_needed{};
  std::optional<Text> sync_cursor{};
  std::optional<Moment> last_synced_at{};
  std::optional<int> error_count{};
  std::optional<Text> last_error{};
  std::optional<Moment> backoff_until{};
  std::optional<int> sync_frequency_minutes{};
};

struct EventEdit {
  std::optional<std::string> sync_status{};
  std::optional<Text> last_error{};
};

/// People with SQL, the host application, and the key rotation. Every call is one statement.
class Operator {
 public:
  explicit Operator(MemoryDatabase& database) : database_(database) {}

  void add_owner(const std::string& id, Text email = {});
  /// DELETE FROM profiles, with everything below.
  void delete_owner(const std::string& id);
  void delete_connection(const std::string& id);
  /// Both return how many rows they touched.
  int update_connections(const std::function<bool(const ConnectionRow&)>& where, const ConnectionEdit& edit);
  int update_events(const std::function<bool(const EventRow&)>& where, const EventEdit& edit);
  /// INSERT of a calendar, or of an event such as a booking.
  void add_calendar(CalendarRow row);
  void add_event(EventRow row);
  /// sealed_credentials_replace: nothing happens when another text than `read` is stored.
  void replace_sealed(const std::string& connection, const std::string& kind, const std::string& read,
                      const std::string& sealed, const std::string& key_id);

 private:
  MemoryDatabase& database_;
};

}  // namespace calsync::simulation
