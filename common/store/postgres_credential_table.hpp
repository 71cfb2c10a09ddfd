// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/db/pool.hpp"
#include "common/store/credential_store.hpp"

namespace calsync::store {

class PostgresCredentialTable final : public CredentialTable {
 public:
  explicit PostgresCredentialTable(db::Pool& pool) : pool_(pool) {}

  Task<Stored> read(ConnectionId connection) override;
  Task<bool> replace(ConnectionId connection, std::int64_t lease_token, std::vector<SealedCredential> credentials,
                     std::optional<Time> expiry) override;

 private:
  db::Pool& pool_;
};

/// The JSON argument (kind, sealed, key_id) of statements that insert credentials.
std::string credentials_json(const std::vector<SealedCredential>& credentials);

}  // namespace calsync::store
