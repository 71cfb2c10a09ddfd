// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/store/credential_store.hpp"
#include "tests/simulation/database/transaction.hpp"

namespace calsync::simulation::statements {

/// credentials_replace, and the same half of queue_store_tokens.
void credentials_replace(Transaction& transaction, const std::string& connection,
                         const std::vector<store::SealedCredential>& credentials);

/// Only if nobody has stored another token since it was read.
void sealed_credentials_replace(Transaction& transaction, const std::string& connection, const std::string& kind,
                                const std::string& read, const std::string& sealed, const std::string& key_id);

}  // namespace calsync::simulation::statements
