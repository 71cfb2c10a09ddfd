// SPDX-License-Identifier: Apache-2.0
#include "common/store/credential_store.hpp"

#include "common/base/json.hpp"

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

Task<Result<Credentials>> CredentialStore::reload(sync::Claim claim) {
  db::Values values{claim.connection.str()};
  const db::Rows rows = co_await pool_.query(sql::queue_credentials, std::move(values));
  claim.sealed_credentials.clear();
  for (int row = 0; row < rows.size(); ++row) {
    claim.sealed_credentials.emplace_back(rows.text(row, "kind"), rows.text(row, "sealed"));
  }
  co_return open(claim);
}

Task<bool> CredentialStore::store_tokens(sync::Claim claim, Secret access_token, Secret refresh_token,
                                         std::optional<Time> expiry) {
  Credentials credentials;
  credentials["access_token"] = std::move(access_token);
  if (!refresh_token.empty()) credentials["refresh_token"] = std::move(refresh_token);
  db::Values values{claim.connection.str(), std::to_string(claim.lease_token), db::to_value(expiry),
                    sealed_json(claim.connection, claim.owner, claim.provider, credentials)};
  const db::Rows rows = co_await pool_.query(sql::queue_store_tokens, std::move(values));
  co_return !rows.empty();
}

std::string CredentialStore::sealed_json(const ConnectionId& connection, const OwnerId& owner,
                                         const std::string& provider, const Credentials& credentials) const {
  json::Writer writer;
  writer.begin_array();
  for (const auto& [kind, secret] : credentials) {
    writer.begin_object()
        .put("kind", kind)
        .put("sealed", keys_.seal(secret, credential_context(connection, owner, provider, kind), random_))
        .put("key_id", keys_.active_key())
        .end_object();
  }
  writer.end_array();
  return writer.text();
}

}  // namespace calsync::store
