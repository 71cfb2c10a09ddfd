// SPDX-License-Identifier: Apache-2.0
#include "common/store/author.hpp"

namespace calsync::store {

Task<void> sign(db::Transaction& transaction, Author author) {
  db::Values values{std::move(author.actor), std::move(author.kind), std::move(author.action),
                    std::move(author.reason)};
  co_await transaction->query(sql::audit_sign, std::move(values));
}

Task<db::Transaction> begin_signed(db::Pool& pool, Author author) {
  db::Transaction transaction = co_await db::Transaction::begin(pool);
  if (!author.actor.empty()) co_await sign(transaction, std::move(author));
  co_return transaction;
}

Task<void> note(db::Transaction& transaction, std::vector<std::string> connections, std::string after) {
  db::Values values{db::array_literal(connections), std::move(after)};
  co_await transaction->query(sql::audit_note, std::move(values));
}

}  // namespace calsync::store
