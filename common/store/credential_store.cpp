// SPDX-License-Identifier: Apache-2.0
#include "common/store/credential_store.hpp"

namespace calsync::store {

std::string_view credential_kind_name(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::access_token:
      return "access_token";
    case CredentialKind::refresh_token:
      return "refresh_token";
    case CredentialKind::password:
      return "password";
    case CredentialKind::feed_url:
      return "feed_url";
  }
  return "";
}

SealContext credential_context(const ConnectionId& connection, const OwnerId& owner, const std::string& provider,
                               std::string_view kind) {
  return {"external_calendar_credentials", "sealed", connection.str(), owner.str(), provider, std::string(kind)};
}

Result<Credentials> CredentialStore::open(const sync::Claim& claim) const {
  Credentials credentials;
  for (const auto& [kind, sealed] : claim.sealed_credentials) {
    auto opened = keys_.open(sealed, credential_context(claim.connection, claim.owner, claim.provider, kind));
    if (!opened) return opened.error();
    credentials[kind] = std::move(*opened);
  }
  return credentials;
}

Task<Result<CredentialStore::Reloaded>> CredentialStore::reload(sync::Claim claim) {
  CredentialTable::Stored stored = co_await table_.read(claim.connection);
  claim.sealed_credentials = std::move(stored.sealed);
  Result<Credentials> opened = open(claim);
  if (!opened) co_return opened.error();
  co_return Reloaded{std::move(*opened), stored.token_expiry};
}

Task<bool> CredentialStore::store_tokens(sync::Claim claim, Secret access_token, Secret refresh_token,
                                         std::optional<Time> expiry) {
  Credentials credentials;
  credentials["access_token"] = std::move(access_token);
  if (!refresh_token.empty()) credentials["refresh_token"] = std::move(refresh_token);
  std::vector<SealedCredential> sealed = seal(claim.connection, claim.owner, claim.provider, credentials);
  co_return co_await table_.replace(claim.connection, claim.lease_token, std::move(sealed), expiry);
}

std::vector<SealedCredential> CredentialStore::seal(const ConnectionId& connection, const OwnerId& owner,
                                                    const std::string& provider, const Credentials& credentials) const {
  std::vector<SealedCredential> sealed;
  for (const auto& [kind, secret] : credentials) {
    sealed.push_back(
        {kind, keys_.seal(secret, credential_context(connection, owner, provider, kind), random_), keys_.active_key()});
  }
  return sealed;
}

}  // namespace calsync::store
