// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres_credential_table.hpp"

#include "common/base/json.hpp"

namespace calsync::store {

std::string credentials_json(const std::vector<SealedCredential>& credentials) {
  json::Writer writer;
  writer.begin_array();
  for (const SealedCredential& one : credentials)
    writer.begin_object().put("kind", one.kind).put("sealed", one.sealed).put("key_id", one.key_id).end_object();
  writer.end_array();
  return writer.text();
}

Task<CredentialTable::Stored> PostgresCredentialTable::read(ConnectionId connection) {
  db::Values values{connection.str()};
  const db::Rows rows = co_await pool_.query(sql::queue_credentials, std::move(values));
  Stored found;
  for (int row = 0; row < rows.size(); ++row) {
    found.sealed.emplace_back(rows.text(row, "kind"), rows.text(row, "sealed"));
    found.token_expiry = rows.time(row, "token_expiry");
  }
  co_return found;
}

Task<bool> PostgresCredentialTable::replace(ConnectionId connection, std::int64_t lease_token,
                                            std::vector<SealedCredential> credentials, std::optional<Time> expiry) {
  db::Values values{connection.str(), std::to_string(lease_token), db::to_value(expiry), credentials_json(credentials)};
  const db::Rows rows = co_await pool_.query(sql::queue_store_tokens, std::move(values));
  co_return !rows.empty();
}

}  // namespace calsync::store
