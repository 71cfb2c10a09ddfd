// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/db/pool.hpp"

namespace calsync::store {

/// Who does something, and why: what the audit shows beside before and after.
struct Author {
  std::string actor{};   ///< the name of the token
  std::string kind{};    ///< admin | app
  std::string action{};  ///< sync, reset, backoff …
  std::string reason{};  ///< "" = none was asked for
};

/// Tells the audit, until the end of the open transaction, whose changes follow.
Task<void> sign(db::Transaction& transaction, Author author);

/// A transaction that is signed; without an actor it is its session's role that the audit shows.
Task<db::Transaction> begin_signed(db::Pool& pool, Author author);

/// Writes the lines of those connections for which the signed transaction has none yet: what the audit's trigger does
/// not see, and actions that found nothing to change. `after` is a JSON object. Connections that do not exist get none.
Task<void> note(db::Transaction& transaction, std::vector<std::string> connections, std::string after);

}  // namespace calsync::store
