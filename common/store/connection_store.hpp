// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/db/pool.hpp"
#include "common/store/author.hpp"
#include "common/store/credential_store.hpp"
#include "common/sync/explain.hpp"

namespace calsync::store {

/// One connection as the API shows it.
struct ConnectionView {
  sync::ConnectionFacts facts{};
  std::string provider{};
  std::string provider_user_id{};
  std::string provider_email{};
  std::optional<Time> token_expiry{};
  std::int64_t failed_events = 0;
  std::string settled_state{};  ///< that the last run left
  std::optional<Time> settled_since{};
  std::optional<Time> recovered_at{};
  Time now{};  ///< the database's clock, for ages
};

/// One change of a connection's state, as the run that found it wrote it down.
struct StateChangeRow {
  std::string from{};
  std::string to{};
  std::string reason{};
  std::optional<Time> changed_at{};
};

struct NewConnection {
  OwnerId owner{};
  std::string provider{};
  std::string account{};  ///< provider_user_id
  std::string email{};
  std::optional<Time> token_expiry{};
  std::string scopes{};
  bool await_confirmation = false;
  Credentials credentials{};
};

struct Connected {
  ConnectionId connection{};
  bool created = false;
  bool awaiting_confirmation = false;
};

struct Wake {
  ConnectionId connection{};
  std::int64_t wake_seq = 0;
};

/// How a wake-up was answered.
struct Served {
  ConnectionId connection{};
  bool served = false;
  bool blocked = false;  ///< disabled or backing off: nobody will take it soon
  std::string last_error{};
  std::optional<Time> last_synced_at{};
};

struct Holdings {
  std::int64_t events = 0;
  std::int64_t calendars = 0;
  std::int64_t channels = 0;
  bool shared = false;  ///< other connections use the same grant
};

struct EventsQuery {
  OwnerId owner{};
  Time from{};
  Time to{};
  std::optional<std::pair<std::string, std::string>>
      after{};  ///< sort time and id of the last event of the page before
  int limit = 250;
  std::optional<std::vector<std::string>> connections{};  ///< nothing = all
};

struct EventsPage {
  std::vector<std::string> events{};  ///< JSON objects
  std::optional<std::pair<std::string, std::string>> last{};
};

enum class Priority { normal = 0, push = 1, interactive = 2 };

/// Connections, calendars and events as the API server reads and changes them. Whatever touches an owner's calendars
/// takes the gate's Admission.
class ConnectionStore {
 public:
  ConnectionStore(db::Pool& pool, const CredentialStore& credentials) : pool_(pool), credentials_(credentials) {}

  Task<bool> owner_exists(OwnerId owner);
  Task<std::vector<ConnectionView>> of_owner(sync::Admission admission, OwnerId owner);
  /// Without an Admission, since the gate needs to know the owner first.
  Task<std::optional<ConnectionView>> find(ConnectionId connection);
  /// The latest `limit` ones, the newest first.
  Task<std::vector<StateChangeRow>> state_changes(ConnectionId connection, int limit);
  Task<bool> has_refresh_token(OwnerId owner, std::string provider, std::string account);

  // What follows is written down in the audit, with the author's name and reason.
  Task<Connected> connect(sync::Admission admission, NewConnection connection, Author author = {});
  Task<bool> confirm(sync::Admission admission, ConnectionId connection, OwnerId owner, Author author = {});
  Task<void> set_enabled(sync::Admission admission, ConnectionId connection, bool enabled, Author author = {});
  Task<void> set_frequency(sync::Admission admission, ConnectionId connection, int minutes, Author author = {});
  /// Returns the ids that the account has no calendar for; then nothing changes.
  Task<std::vector<std::string>> select_calendars(sync::Admission admission, ConnectionId connection,
                                                  std::vector<std::string> calendars, Author author = {});
  Task<std::vector<std::string>> calendars(sync::Admission admission, ConnectionId connection);  ///< JSON objects

  Task<std::vector<Wake>> wake(sync::Admission admission, ConnectionId connection, Priority priority);
  Task<std::vector<Wake>> wake_owner(sync::Admission admission, OwnerId owner, Priority priority,
                                     std::optional<std::vector<std::string>> listed);
  Task<std::vector<Served>> served(std::vector<Wake> wakes);

  Task<EventsPage> events(sync::Admission admission, EventsQuery query);

  Task<Result<Credentials>> credentials_of(ConnectionView connection);
  /// Deletes the connection with everything that hangs on it. With `revocation` (id, sealed token) the grant is queued
  /// to be revoked in the same transaction, so that a crash in between forgets nothing; not if other connections share
  /// the provider account, since revoking one grant revokes them all. The last one to go is the one that revokes.
  Task<Holdings> erase(sync::Admission admission, ConnectionView connection,
                       std::optional<std::pair<std::string, std::string>> revocation, Author author = {});
  /// What erase would delete.
  Task<Holdings> holdings(ConnectionId connection);
  Task<void> revocation_done(std::string id);
  Task<bool> revocation_waits(std::string id);

 private:
  /// One signed statement about the connection that its first value names; how many rows it returned.
  Task<int> change(const sql::Query& statement, db::Values values, Author author);
  db::Pool& pool_;
  const CredentialStore& credentials_;
};

}  // namespace calsync::store
