// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/push.hpp"

namespace calsync::simulation::statements {

std::vector<store::AbandonedChannel> abandoned_channels_due(Transaction& transaction) {
  constexpr std::size_t portion = 50;
  std::vector<std::pair<std::string, std::string>> due;  // connection, id
  for (const auto& [id, row] : transaction.tables.abandoned.rows()) {
    if (row->next_attempt_at <= transaction.now && row->expires_at > transaction.now)
      due.emplace_back(row->connection_id, id);
  }
  std::sort(due.begin(), due.end());
  due.resize(std::min(due.size(), portion));
  std::vector<store::AbandonedChannel> taken;
  for (const auto& [connection, id] : due) {
    AbandonedRow row = *transaction.tables.abandoned.find(id);
    row.next_attempt_at = transaction.now + sqlf::attempt_pause(row.attempts);
    ++row.attempts;
    taken.push_back({row.id, row.resource_id, ConnectionId::trusted(row.connection_id),
                     OwnerId::trusted(row.provider_id), row.provider, row.sealed, row.attempts});
    transaction.tables.abandoned.put(id, std::move(row));
  }
  return taken;
}

void abandoned_channels_failed(Transaction& transaction, const std::vector<std::string>& ids, const std::string& reason,
                               std::optional<std::chrono::seconds> pause) {
  constexpr std::size_t longest_error = 2000;
  for (const std::string& id : ids) {
    const AbandonedRow* row = transaction.tables.abandoned.find(id);
    if (!row) continue;
    AbandonedRow set = *row;
    set.last_error = sqlf::left(sqlf::parameter(reason), longest_error);
    if (pause) set.next_attempt_at = std::max<Time>(set.next_attempt_at, transaction.now + *pause);
    transaction.tables.abandoned.put(id, std::move(set));
  }
}

void abandoned_channels_done(Transaction& transaction, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) transaction.tables.abandoned.erase(id);
}

}  // namespace calsync::simulation::statements
