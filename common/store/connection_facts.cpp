// SPDX-License-Identifier: Apache-2.0
#include "common/store/connection_facts.hpp"

namespace calsync::store {

sync::ConnectionFacts read_facts(const db::Rows& rows, int row) {
  sync::ConnectionFacts facts;
  facts.connection = ConnectionId::trusted(std::string(rows.text(row, "id")));
  facts.owner = OwnerId::trusted(std::string(rows.text(row, "provider_id")));
  facts.sync_enabled = rows.flag(row, "sync_enabled");
  facts.sync_needed = rows.flag(row, "sync_needed");
  facts.awaiting_confirmation = rows.flag(row, "awaiting_confirmation");
  facts.created_at = rows.time(row, "created_at");
  facts.last_synced_at = rows.time(row, "last_synced_at");
  facts.backoff_until = rows.time(row, "backoff_until");
  facts.lease_until = rows.time(row, "lease_until");
  facts.due_at = rows.time(row, "sync_due_at");
  facts.error_count = static_cast<int>(rows.number(row, "error_count"));
  facts.grant_refusals = static_cast<int>(rows.number(row, "grant_refusals"));
  facts.failing_calendars = static_cast<int>(rows.number(row, "failing_calendars"));
  facts.last_error = rows.text(row, "last_error");
  facts.sync_frequency_minutes = static_cast<int>(rows.number(row, "sync_frequency_minutes"));
  return facts;
}

}  // namespace calsync::store
