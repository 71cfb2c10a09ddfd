// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "common/base/crypto.hpp"
#include "common/db/pool.hpp"
#include "common/sync/run_rows.hpp"

namespace calsync::store {

enum class CredentialKind { access_token, refresh_token, password, feed_url };
std::string_view credential_kind_name(CredentialKind kind);

/// What a sealed credential of a connection is bound to.
SealContext credential_context(const ConnectionId& connection, const OwnerId& owner, const std::string& provider,
                               std::string_view kind);

using Credentials = std::map<std::string, Secret, std::less<>>;  ///< by kind

/// Tokens and feed addresses, sealed. The plain text exists only in the daemons' memory.
class CredentialStore {
 public:
  CredentialStore(db::Pool& pool, const KeyRing& keys, Random& random) : pool_(pool), keys_(keys), random_(random) {}

  /// failure misconfigured when the key ring lacks the key, internal when a row was altered.
  Result<Credentials> open(const sync::Claim& claim) const;
  /// As stored now: a peer, or a person who connected again, may have replaced them since the claim.
  Task<Result<Credentials>> reload(sync::Claim claim);
  /// Fenced. An empty `refresh_token` keeps the stored one. False = the lease is lost.
  Task<bool> store_tokens(sync::Claim claim, Secret access_token, Secret refresh_token, std::optional<Time> expiry);

  /// The JSON argument (kind, sealed, key_id) of statements that insert credentials.
  std::string sealed_json(const ConnectionId& connection, const OwnerId& owner, const std::string& provider,
                          const Credentials& credentials) const;

 private:
  db::Pool& pool_;
  const KeyRing& keys_;
  Random& random_;
};

}  // namespace calsync::store
