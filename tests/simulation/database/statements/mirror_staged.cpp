// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "common/store/event_row.hpp"
#include "tests/simulation/database/sql_functions.hpp"
#include "tests/simulation/database/statements/mirror.hpp"
#include "tests/simulation/database/statements/upkeep.hpp"

namespace calsync::simulation::statements {
namespace {

template <class Rows>
std::vector<EventKey> keys_of(const Rows& rows, const std::string& connection, const std::string& calendar) {
  std::vector<EventKey> keys;
  for (auto at = rows.lower_bound({connection, calendar, ""}); at != rows.end(); ++at) {
    if (at->first.connection_id != connection || at->first.external_calendar_id != calendar) break;
    keys.push_back(at->first);
  }
  return keys;
}

/// Rows with work towards the provider.
bool outbound(const EventRow& row) {
  return row.sync_status == "UPDATED" || row.sync_status == "CANCELLED" ||
         (row.sync_status == "CREATED" && row.booking_id);
}

bool unchanged(const EventRow& live, const EventRow& staged, bool rezoned) {
  const std::string etag = staged.etag.value_or("");
  return live.sync_status == staged.sync_status && (staged.sync_status == "FAILED" || !etag.empty()) &&
         etag == (rezoned ? std::string() : live.etag.value_or(""));
}

/// What staged_insert wrote, in the row of the mirror.
void take_over(EventRow& row, const EventRow& staged) {
  EventRow taken = staged;
  taken.booking_id = row.booking_id;
  taken.created_at = row.created_at;
  taken.updated_at = row.updated_at;
  taken.provider_id = row.provider_id;
  taken.provider = row.provider;
  row = std::move(taken);
}

}  // namespace

void staged_check(Transaction& transaction, const sync::Claim& claim, const sync::StagedRead& read) {
  const StagedReadRow* row =
      transaction.tables.staged_reads.find({claim.connection.str(), sqlf::parameter(read.calendar_id)});
  if (!row || row->lease_token != claim.lease_token || row->batches != read.batches)
    sqlf::refuse("CL002", "the staged rows of a full read are gone");
}

void staged_discard(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  const std::string id = sqlf::parameter(calendar);
  if (!transaction.tables.staged_reads.erase({connection, id})) return;
  if (transaction.plant == Plant::staged_left_over) return;
  for (const EventKey& key : keys_of(transaction.tables.staged_events.rows(), connection, id))
    transaction.tables.staged_events.erase(key);
}

void staged_begin(Transaction& transaction, const std::string& connection, const std::string& calendar,
                  std::int64_t lease_token) {
  const std::string id = sqlf::parameter(calendar);
  transaction.tables.staged_reads.put({connection, id}, {connection, id, lease_token, 1, transaction.now});
}

void staged_next(Transaction& transaction, const std::string& connection, const std::string& calendar) {
  const OfConnection key{connection, sqlf::parameter(calendar)};
  StagedReadRow row = *transaction.tables.staged_reads.find(key);
  ++row.batches;
  transaction.tables.staged_reads.put(key, std::move(row));
}

void staged_remove(Transaction& transaction, const std::string& connection, const std::string& calendar,
                   const std::vector<std::string>& events) {
  if (transaction.plant == Plant::staged_first_mention_counts) return;
  for (const std::string& id : events)
    transaction.tables.staged_events.erase({connection, sqlf::parameter(calendar), db::without_nul(id)});
}

void staged_insert(Transaction& transaction, const db::Values& values) {
  EventKey key{*values[0], sqlf::parameter(*values[3]), *values[4]};
  if (transaction.tables.staged_events.find(key)) return;
  EventRow row;
  row.key = key;
  row.provider_id = *values[1];
  row.provider = *values[2];
  set_columns(row, values);
  transaction.tables.staged_events.put(key, std::move(row));
}

void staged_batch(Transaction& transaction, const sync::Claim& claim, const sync::StagedRead& read,
                  const sync::StagedBatch& batch) {
  const std::string& connection = claim.connection.str();
  if (read.batches == 0) {
    staged_discard(transaction, connection, read.calendar_id);
    staged_begin(transaction, connection, read.calendar_id, claim.lease_token);
  } else {
    staged_check(transaction, claim, read);
    staged_next(transaction, connection, read.calendar_id);
    std::vector<std::string> named = batch.removed;
    for (const sync::MirrorRow& row : batch.rows) named.push_back(row.event.external_event_id);
    staged_remove(transaction, connection, read.calendar_id, named);
  }
  for (const sync::MirrorRow& row : batch.rows)
    staged_insert(transaction, store::event_row(claim, read.calendar_id, read.time_zone, row));
}

sync::Counts mirror_flip(Transaction& transaction, const std::string& connection, const std::string& calendar,
                         bool rezoned) {
  const std::string id = sqlf::parameter(calendar);
  sync::Counts counts;
  std::vector<EventKey> absent;
  for (const EventKey& key : keys_of(transaction.tables.events.rows(), connection, id)) {
    const EventRow& row = *transaction.tables.events.find(key);
    if (!row.deleted_at && !outbound(row) && !transaction.tables.staged_events.find(key)) absent.push_back(key);
  }
  if (transaction.plant == Plant::flip_keeps_ghosts) absent.clear();
  for (const EventKey& key : keys_of(transaction.tables.staged_events.rows(), connection, id)) {
    const EventRow& staged = *transaction.tables.staged_events.find(key);
    const EventRow* row = transaction.tables.events.find(key);
    const bool live = row && !row->deleted_at;
    if (live && (outbound(*row) || unchanged(*row, staged, rezoned))) continue;
    ++(staged.sync_status == "FAILED" ? counts.failed : live ? counts.updated : counts.ingested);
    if (row) {
      transaction.update_event(key, true, [&staged](EventRow& set) { take_over(set, staged); });
    } else {
      transaction.insert_event(staged);
    }
  }
  counts.deleted = static_cast<int>(absent.size());
  bury(transaction, absent);
  return counts;
}

std::size_t staged_prune(Transaction& transaction) {
  constexpr std::size_t portion = 10;
  std::vector<OfConnection> over;
  for (const auto& [key, row] : transaction.tables.staged_reads.rows()) {
    const ConnectionRow& connection = *transaction.tables.connections.find(key.first);
    if (over.size() < portion && (!connection.lease_until || connection.lease_token != row->lease_token))
      over.push_back(key);
  }
  for (const auto& [connection, calendar] : over) staged_discard(transaction, connection, calendar);
  return over.size();
}

}  // namespace calsync::simulation::statements
