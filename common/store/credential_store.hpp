// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/async/task.hpp"
#include "common/base/crypto.hpp"
#include "common/db/database_error.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

enum class CredentialKind { access_token, refresh_token, password, feed_url };
std::string_view credential_kind_name(CredentialKind kind);

/// What a sealed credential of a connection is bound to.
SealContext credential_context(const ConnectionId& connection, const OwnerId& owner, const std::string& provider,
                               std::string_view kind);

using Credentials = std::map<std::string, Secret, std::less<>>;  ///< by kind

/// A secret as it lies in the database.
struct SealedCredential {
  std::string kind{};
  std::string sealed{};
  std::string key_id{};
};

/// external_calendar_credentials, which holds sealed texts only. Throws db::DatabaseError.
class CredentialTable {
 public:
  virtual ~CredentialTable() = default;
  struct Stored {
    std::vector<std::pair<std::string, std::string>> sealed{};  ///< kind, sealed text
    std::optional<Time> token_expiry{};
  };
  /// As they are stored now.
  virtual Task<Stored> read(ConnectionId connection) = 0;
  /// Fenced. Kinds that are not named stay. False = the lease is lost.
  virtual Task<bool> replace(ConnectionId connection, std::int64_t lease_token,
                             std::vector<SealedCredential> credentials, std::optional<Time> expiry) = 0;
};

/// Tokens and feed addresses, sealed. The plain text exists only in the daemons' memory.
class CredentialStore {
 public:
  CredentialStore(CredentialTable& table, const KeyRing& keys, Random& random)
      : table_(table), keys_(keys), random_(random) {}

  /// failure misconfigured when the key ring lacks the key, internal when a row was altered.
  Result<Credentials> open(const sync::Claim& claim) const;
  /// As stored now: a peer, or a person who connected again, may have replaced them since the claim.
  struct Reloaded {
    Credentials credentials{};
    std::optional<Time> token_expiry{};
  };
  Task<Result<Reloaded>> reload(sync::Claim claim);
  /// Fenced. An empty `refresh_token` keeps the stored one. False = the lease is lost.
  Task<bool> store_tokens(sync::Claim claim, Secret access_token, Secret refresh_token, std::optional<Time> expiry);

  std::vector<SealedCredential> seal(const ConnectionId& connection, const OwnerId& owner, const std::string& provider,
                                     const Credentials& credentials) const;

 private:
  CredentialTable& table_;
  const KeyRing& keys_;
  Random& random_;
};

}  // namespace calsync::store
