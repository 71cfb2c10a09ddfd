// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/secrets_watch.hpp"

namespace calsync::simulation {

std::optional<std::string> SecretsWatch::shows(const std::string& where, std::string_view text) const {
  for (const std::string& secret : secrets_) {
    if (text.find(secret) != text.npos) return where + " shows a secret that begins with " + secret.substr(0, 4);
  }
  return std::nullopt;
}

std::optional<std::string> SecretsWatch::leak(const MemoryDatabase& database) const {
  std::string columns;
  const Tables& tables = database.tables();
  for (const auto& [id, row] : tables.connections.rows()) columns += row->last_error.value_or("") + '\n';
  for (const auto& [key, row] : tables.calendars.rows())
    columns += row->last_error.value_or("") + '\n' + row->watch_error.value_or("") + '\n';
  for (const auto& [key, row] : tables.events.rows()) columns += row->last_error.value_or("") + '\n';
  for (const auto& [id, row] : tables.runs.rows()) columns += row->error.value_or("") + '\n';
  for (const auto& [id, row] : tables.channels.rows())
    columns += row->last_error.value_or("") + row->secret_hash + row->resource_id.value_or("") + '\n';
  for (const auto& [key, row] : tables.credentials.rows()) columns += row->sealed + '\n';
  for (const auto& [id, row] : tables.revocations.rows()) columns += row->sealed + row->last_error.value_or("") + '\n';
  for (const auto& [id, row] : tables.abandoned.rows()) columns += row->sealed + row->last_error.value_or("") + '\n';
  if (auto found = shows("a log line", log_)) return found;
  return shows("a column of the database", columns);
}

}  // namespace calsync::simulation
