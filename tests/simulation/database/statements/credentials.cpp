// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/database/statements/credentials.hpp"

#include <set>

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation::statements {
namespace {

void check(const std::vector<store::SealedCredential>& credentials) {
  static const std::vector<std::string> known{"access_token", "refresh_token", "password", "feed_url"};
  std::set<std::string> kinds;
  for (const store::SealedCredential& one : credentials) {
    if (!sqlf::any(known, one.kind)) sqlf::refuse("23514", "the kind of a credential violates a check constraint");
    if (!kinds.insert(one.kind).second)
      sqlf::refuse("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time");
  }
}

}  // namespace

void credentials_replace(Transaction& transaction, const std::string& connection,
                         const std::vector<store::SealedCredential>& credentials) {
  check(credentials);
  for (const store::SealedCredential& one : credentials) {
    transaction.tables.credentials.put({connection, one.kind}, {connection, one.kind, sqlf::json_text(one.sealed),
                                                                sqlf::json_text(one.key_id), transaction.now});
  }
}

void sealed_credentials_replace(Transaction& transaction, const std::string& connection, const std::string& kind,
                                const std::string& read, const std::string& sealed, const std::string& key_id) {
  const CredentialRow* row = transaction.tables.credentials.find({connection, kind});
  if (!row || row->sealed != read) return;
  CredentialRow set = *row;
  set.sealed = sealed;
  set.key_id = key_id;
  transaction.tables.credentials.put({connection, kind}, std::move(set));
}

}  // namespace calsync::simulation::statements
