// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/compared_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/json.hpp"

namespace calsync::contract {
namespace {

using namespace simulation;

std::string labels_json(const MetricLabels& labels) {
  json::Writer writer;
  writer.begin_object();
  for (const auto& [name, value] : labels) writer.put(name, value);
  return writer.end_object().text();
}

/// Rows of `Tables::member`, each seen as a Row.
template <class Row, class Member>
class TypedTable final : public ComparedTable {
 public:
  TypedTable(std::string name, Member Tables::* member, std::vector<Column<Row>> columns,
             std::vector<std::string> ignored)
      : name_(std::move(name)), member_(member), columns_(std::move(columns)), ignored_(std::move(ignored)) {
    for (const Column<Row>& column : columns_)
      select_ += (select_.empty() ? "SELECT " : ", ") + column.name + "::text AS " + column.name;
    select_ += " FROM " + name_;
    statement_ = "contract_" + name_;
  }

  const std::string& name() const override { return name_; }
  std::vector<std::string> columns() const override {
    std::vector<std::string> names;
    for (const Column<Row>& column : columns_) names.push_back(column.name);
    return names;
  }
  std::vector<std::string> ignored() const override { return ignored_; }

  Contents real(RealDatabase& database) const override {
    const sql::Query query{statement_, select_};
    const db::Rows rows = database.run(database.pool().query(query, {}));
    Contents contents;
    for (int row = 0; row < rows.size(); ++row) {
      auto& fields = contents.emplace_back();
      for (const Column<Row>& column : columns_)
        fields.push_back(normal(column.kind, rows.value(row, column.name.c_str())));
    }
    std::sort(contents.begin(), contents.end());
    return contents;
  }

  Contents memory(const Tables& tables) const override {
    Contents contents;
    for (const auto& entry : (tables.*member_).rows()) {
      auto& fields = contents.emplace_back();
      for (const Column<Row>& column : columns_) fields.push_back(normal(column.kind, column.read(row_of(entry))));
    }
    std::sort(contents.begin(), contents.end());
    return contents;
  }

 private:
  /// Metrics are a number under a key; everything else is a row.
  template <class Entry>
  static decltype(auto) row_of(const Entry& entry) {
    if constexpr (std::is_same_v<Row, std::pair<MetricKey, double>>) {
      return Row(entry.first, *entry.second);
    } else {
      return *entry.second;
    }
  }

  std::string name_;
  Member Tables::* member_;
  std::vector<Column<Row>> columns_;
  std::vector<std::string> ignored_;
  std::string select_;
  std::string statement_;
};

template <class Row, class Member>
std::unique_ptr<ComparedTable> table(std::string name, Member Tables::* member, std::vector<Column<Row>> columns,
                                     std::vector<std::string> ignored = {}) {
  return std::make_unique<TypedTable<Row, Member>>(std::move(name), member, std::move(columns), std::move(ignored));
}

#define COLUMN(Row, name) column<Row>(#name, &Row::name)

std::unique_ptr<ComparedTable> connections() {
  using R = ConnectionRow;
  return table<R>("external_calendar_connections", &Tables::connections,
                  {COLUMN(R, id),
                   COLUMN(R, provider_id),
                   COLUMN(R, provider),
                   COLUMN(R, provider_user_id),
                   COLUMN(R, provider_email),
                   COLUMN(R, sync_enabled),
                   COLUMN(R, sync_needed),
                   COLUMN(R, sync_cursor),
                   COLUMN(R, last_synced_at),
                   COLUMN(R, error_count),
                   COLUMN(R, last_error),
                   COLUMN(R, backoff_until),
                   COLUMN(R, token_expiry),
                   COLUMN(R, last_webhook_received_at),
                   COLUMN(R, sync_frequency_minutes),
                   COLUMN(R, created_at),
                   COLUMN(R, updated_at),
                   COLUMN(R, awaiting_confirmation),
                   COLUMN(R, granted_scopes),
                   COLUMN(R, grant_refusals),
                   COLUMN(R, lease_token),
                   COLUMN(R, lease_until),
                   COLUMN(R, lease_owner),
                   COLUMN(R, last_attempt_at),
                   COLUMN(R, wake_seq),
                   COLUMN(R, served_wake_seq),
                   COLUMN(R, edit_seq),
                   COLUMN(R, sync_requested_at),
                   COLUMN(R, sync_priority),
                   COLUMN(R, sync_due_at),
                   COLUMN(R, woken_at),
                   COLUMN(R, unsettled_claims),
                   COLUMN(R, sync_state),
                   COLUMN(R, state_since),
                   COLUMN(R, recovered_at),
                   COLUMN(R, calls_drained),
                   COLUMN(R, calls_at),
                   COLUMN(R, quiet_runs)},
                  // The number of a transaction.
                  {"woken_by"});
}

std::unique_ptr<ComparedTable> credentials() {
  using R = CredentialRow;
  return table<R>(
      "external_calendar_credentials", &Tables::credentials,
      {COLUMN(R, connection_id), COLUMN(R, kind), COLUMN(R, sealed), COLUMN(R, key_id), COLUMN(R, updated_at)});
}

std::unique_ptr<ComparedTable> calendars() {
  using R = CalendarRow;
  return table<R>("external_calendars", &Tables::calendars,
                  {COLUMN(R, connection_id), COLUMN(R, external_calendar_id), COLUMN(R, name), COLUMN(R, time_zone),
                   COLUMN(R, access_role), COLUMN(R, is_primary), COLUMN(R, selected), COLUMN(R, last_error),
                   COLUMN(R, last_synced_at), COLUMN(R, created_at), COLUMN(R, updated_at), COLUMN(R, deleted_at),
                   COLUMN(R, watch_error), COLUMN(R, watch_retry_at), COLUMN(R, watch_attempts)});
}

Column<EventRow> of_key(std::string name, std::string EventKey::* member) {
  return {std::move(name), Kind::exact, [member](const EventRow& row) { return row.key.*member; }};
}

/// What a provider's event has, in the mirror and on its way there.
std::vector<Column<EventRow>> mirrored_columns() {
  using R = EventRow;
  return {of_key("connection_id", &EventKey::connection_id),
          of_key("external_calendar_id", &EventKey::external_calendar_id),
          of_key("external_event_id", &EventKey::external_event_id),
          COLUMN(R, provider_id),
          COLUMN(R, provider),
          COLUMN(R, ical_uid),
          COLUMN(R, title),
          COLUMN(R, description),
          COLUMN(R, location),
          COLUMN(R, organizer),
          column<R>("attendees", Kind::json, &R::attendees),
          column<R>("start_time", Kind::time, &R::start_time),
          column<R>("end_time", Kind::time, &R::end_time),
          COLUMN(R, is_all_day),
          COLUMN(R, start_date),
          COLUMN(R, end_date),
          COLUMN(R, time_zone),
          COLUMN(R, status),
          COLUMN(R, is_busy),
          COLUMN(R, visibility),
          column<R>("recurrence", Kind::array, &R::recurrence),
          COLUMN(R, recurring_event_id),
          column<R>("original_start_time", Kind::time, &R::original_start_time),
          COLUMN(R, etag),
          COLUMN(R, sequence),
          column<R>("raw_payload", Kind::json, &R::raw_payload),
          COLUMN(R, sync_status),
          COLUMN(R, last_error)};
}

std::unique_ptr<ComparedTable> events() {
  using R = EventRow;
  std::vector<Column<R>> columns = mirrored_columns();
  for (Column<R>& own : std::vector<Column<R>>{COLUMN(R, booking_id), COLUMN(R, created_at), COLUMN(R, updated_at),
                                               COLUMN(R, deleted_at)})
    columns.push_back(std::move(own));
  return table<R>("external_calendar_events", &Tables::events, std::move(columns), {"id"});
}

std::unique_ptr<ComparedTable> staged_reads() {
  using R = StagedReadRow;
  return table<R>("calendar_staged_reads", &Tables::staged_reads,
                  {COLUMN(R, connection_id), COLUMN(R, external_calendar_id), COLUMN(R, lease_token),
                   COLUMN(R, batches), COLUMN(R, started_at)});
}

std::unique_ptr<ComparedTable> staged_events() {
  return table<EventRow>("calendar_staged_events", &Tables::staged_events, mirrored_columns());
}

std::unique_ptr<ComparedTable> runs() {
  using R = RunRow;
  return table<R>(
      "calendar_sync_runs", &Tables::runs,
      {COLUMN(R, sync_id), COLUMN(R, connection_id), COLUMN(R, provider_id), COLUMN(R, provider), COLUMN(R, worker_id),
       COLUMN(R, lease_token), COLUMN(R, outcome), COLUMN(R, error), COLUMN(R, provider_status),
       COLUMN(R, provider_request_id), COLUMN(R, items_ingested), COLUMN(R, items_updated), COLUMN(R, items_deleted),
       COLUMN(R, items_failed), COLUMN(R, quiet_before), COLUMN(R, started_at), COLUMN(R, finished_at)});
}

std::unique_ptr<ComparedTable> job_runs() {
  using R = JobRunRow;
  return table<R>("calendar_job_runs", &Tables::job_runs,
                  {COLUMN(R, id), COLUMN(R, requested_by), column<R>("scope", Kind::json, &R::scope),
                   COLUMN(R, created_at), COLUMN(R, finished_at)});
}

std::unique_ptr<ComparedTable> job_items() {
  using R = JobItemRow;
  return table<R>("calendar_job_run_items", &Tables::job_items,
                  {{"run_id", Kind::exact, [](const R& row) { return row.key.run_id; }},
                   {"connection_id", Kind::exact, [](const R& row) { return row.key.connection_id; }},
                   COLUMN(R, wake_target),
                   COLUMN(R, finished_at),
                   COLUMN(R, succeeded),
                   COLUMN(R, error),
                   COLUMN(R, items_ingested),
                   COLUMN(R, items_updated),
                   COLUMN(R, items_deleted),
                   COLUMN(R, outbound_retried),
                   COLUMN(R, outbound_succeeded)});
}

std::unique_ptr<ComparedTable> channels() {
  using R = ChannelRow;
  return table<R>("calendar_push_channels", &Tables::channels,
                  {COLUMN(R, id), COLUMN(R, connection_id), COLUMN(R, external_calendar_id), COLUMN(R, resource_id),
                   COLUMN(R, secret_hash), COLUMN(R, state), COLUMN(R, expires_at), COLUMN(R, created_at),
                   COLUMN(R, last_message_at), COLUMN(R, renew_at), COLUMN(R, missed_at), COLUMN(R, attempts),
                   COLUMN(R, retry_at), COLUMN(R, last_error), COLUMN(R, address)});
}

std::unique_ptr<ComparedTable> abandoned() {
  using R = AbandonedRow;
  return table<R>("calendar_abandoned_channels", &Tables::abandoned,
                  {COLUMN(R, id), COLUMN(R, resource_id), COLUMN(R, connection_id), COLUMN(R, provider),
                   COLUMN(R, provider_id), COLUMN(R, provider_user_id), COLUMN(R, sealed), COLUMN(R, expires_at),
                   COLUMN(R, attempts), COLUMN(R, next_attempt_at), COLUMN(R, last_error)});
}

std::unique_ptr<ComparedTable> revocations() {
  using R = RevocationRow;
  return table<R>(
      "calendar_revocations", &Tables::revocations,
      {COLUMN(R, id), COLUMN(R, provider), COLUMN(R, provider_id), COLUMN(R, sealed), COLUMN(R, attempts),
       COLUMN(R, next_attempt_at), COLUMN(R, last_error), COLUMN(R, created_at), COLUMN(R, provider_user_id)});
}

std::unique_ptr<ComparedTable> workers() {
  using R = WorkerRow;
  return table<R>("calendar_sync_workers", &Tables::workers,
                  {COLUMN(R, id), COLUMN(R, host), COLUMN(R, version), COLUMN(R, started_at), COLUMN(R, heartbeat_at)});
}

std::unique_ptr<ComparedTable> gates() {
  using R = GateRow;
  return table<R>("calendar_gate_state", &Tables::gates,
                  {COLUMN(R, component), column<R>("state", Kind::json, &R::state), COLUMN(R, updated_at)});
}

std::unique_ptr<ComparedTable> metric_batches() {
  using R = MetricBatchRow;
  return table<R>("calendar_metrics_batches", &Tables::metric_batches,
                  {COLUMN(R, process), COLUMN(R, batch), COLUMN(R, added_at)});
}

std::unique_ptr<ComparedTable> metrics() {
  using R = std::pair<MetricKey, double>;
  return table<R>("calendar_metrics", &Tables::metrics,
                  {{"name", Kind::exact, [](const R& row) { return row.first.first; }},
                   {"labels", Kind::json, [](const R& row) { return labels_json(row.first.second); }},
                   {"value", Kind::number, [](const R& row) { return fmt::format("{}", row.second); }}});
}

std::unique_ptr<ComparedTable> states() {
  using R = StateRow;
  return table<R>("calendar_connection_states", &Tables::states,
                  {COLUMN(R, connection_id), COLUMN(R, changed_at), COLUMN(R, from_state), COLUMN(R, to_state),
                   COLUMN(R, provider_id), COLUMN(R, reason)},
                  {"id"});
}

std::unique_ptr<ComparedTable> buckets() {
  using R = BucketRow;
  return table<R>("calendar_rate_buckets", &Tables::buckets,
                  {COLUMN(R, scope), COLUMN(R, key), COLUMN(R, tokens), COLUMN(R, per_second), COLUMN(R, burst),
                   COLUMN(R, wanted), COLUMN(R, granted), COLUMN(R, updated_at), COLUMN(R, blocked_until)});
}

std::unique_ptr<ComparedTable> slots() {
  using R = SlotRow;
  return table<R>("calendar_rate_slots", &Tables::slots,
                  {COLUMN(R, scope), COLUMN(R, key), COLUMN(R, holder), COLUMN(R, until)});
}

std::unique_ptr<ComparedTable> circuits() {
  using R = CircuitRow;
  return table<R>("calendar_provider_circuits", &Tables::circuits,
                  {COLUMN(R, provider), COLUMN(R, host), COLUMN(R, state), COLUMN(R, reason), COLUMN(R, opened_at),
                   COLUMN(R, changed_at), COLUMN(R, probe_at), COLUMN(R, failed_probes), COLUMN(R, good_probes),
                   COLUMN(R, steady_per_second), COLUMN(R, connections), COLUMN(R, version)});
}

std::unique_ptr<ComparedTable> owners() {
  using R = OwnerRow;
  return table<R>("profiles", &Tables::owners, {COLUMN(R, id), COLUMN(R, email)});
}

}  // namespace

const std::vector<std::unique_ptr<ComparedTable>>& compared_tables() {
  static const std::vector<std::unique_ptr<ComparedTable>> tables = [] {
    std::vector<std::unique_ptr<ComparedTable>> all;
    for (const auto make : {owners, connections, credentials, calendars, events,    staged_reads,   staged_events,
                            runs,   job_runs,    job_items,   channels,  abandoned, revocations,    workers,
                            gates,  states,      buckets,     slots,     circuits,  metric_batches, metrics}) {
      all.push_back(make());
    }
    return all;
  }();
  return tables;
}

}  // namespace calsync::contract
