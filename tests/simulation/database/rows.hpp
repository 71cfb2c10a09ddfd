// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/db/value.hpp"

namespace calsync::simulation {

using Text = std::optional<std::string>;
using Moment = std::optional<Time>;

// One struct per table, one member per column, of the column's name.

struct ConnectionRow {
  std::string id{};
  std::string provider_id{};
  std::string provider{};
  Text provider_user_id{};
  Text provider_email{};
  bool sync_enabled = true;
  bool sync_needed = true;
  Text sync_cursor{};
  Moment last_synced_at{};
  int error_count = 0;
  Text last_error{};
  Moment backoff_until{};
  Moment token_expiry{};
  Moment last_webhook_received_at{};
  int sync_frequency_minutes = 5;
  Time created_at{};
  Time updated_at{};
  bool awaiting_confirmation = false;
  Text granted_scopes{};
  int grant_refusals = 0;
  std::int64_t lease_token = 0;
  Moment lease_until{};
  Text lease_owner{};
  Moment last_attempt_at{};
  std::int64_t wake_seq = 0;
  std::int64_t served_wake_seq = 0;
  std::int64_t edit_seq = 0;
  Moment sync_requested_at{};
  int sync_priority = 2;  ///< a new connection is a person's
  Moment sync_due_at{};   ///< generated
  Moment woken_at{};
  int unsettled_claims = 0;
  std::string sync_state = "active";
  Moment state_since{};
  Moment recovered_at{};
  double calls_drained = 0;
  Moment calls_at{};
  int quiet_runs = 0;
};

struct CredentialRow {
  std::string connection_id{};
  std::string kind{};
  std::string sealed{};
  std::string key_id{};
  Time updated_at{};
};

struct CalendarRow {
  std::string connection_id{};
  std::string external_calendar_id{};
  std::string name{};
  std::string time_zone{};
  std::string access_role{};
  bool is_primary = false;
  bool selected = true;
  Text last_error{};
  Moment last_synced_at{};
  Time created_at{};
  Time updated_at{};
  Moment deleted_at{};
  Text watch_error{};
  Moment watch_retry_at{};
  int watch_attempts = 0;
};

struct EventKey {
  std::string connection_id{};
  std::string external_calendar_id{};
  std::string external_event_id{};
  auto operator<=>(const EventKey&) const = default;
};

/// Columns that mirror_upsert writes hold its parameters as they are sent. calendar_staged_events has these only.
struct EventRow {
  EventKey key{};
  std::string provider_id{};
  std::string provider{};
  db::Value ical_uid{};
  db::Value title{};
  db::Value description{};
  db::Value location{};
  db::Value organizer{};
  db::Value attendees{};
  db::Value start_time{};
  db::Value end_time{};
  bool is_all_day = false;
  db::Value start_date{};
  db::Value end_date{};
  db::Value time_zone{};
  std::string status = "confirmed";
  bool is_busy = true;
  db::Value visibility{};
  db::Value recurrence{};
  db::Value recurring_event_id{};
  db::Value original_start_time{};
  db::Value etag{};
  std::int64_t sequence = 0;
  db::Value raw_payload{};
  Text booking_id{};
  std::string sync_status = "SYNCED";
  Text last_error{};
  Time created_at{};
  Time updated_at{};
  Moment deleted_at{};
};

/// calendar_staged_reads
struct StagedReadRow {
  std::string connection_id{};
  std::string external_calendar_id{};
  std::int64_t lease_token = 0;
  int batches = 1;
  Time started_at{};
};

struct RunRow {
  std::string sync_id{};
  std::string connection_id{};
  std::string provider_id{};
  std::string provider{};
  Text worker_id{};
  std::int64_t lease_token = 0;
  std::string outcome{};
  Text error{};
  std::optional<int> provider_status{};
  Text provider_request_id{};
  int items_ingested = 0;
  int items_updated = 0;
  int items_deleted = 0;
  int items_failed = 0;
  int quiet_before = 0;
  Time started_at{};
  Time finished_at{};
};

struct JobRunRow {
  std::string id{};
  std::string requested_by{};
  std::string scope{};
  Time created_at{};
  Moment finished_at{};
};

struct JobItemKey {
  std::string run_id{};
  std::string connection_id{};
  auto operator<=>(const JobItemKey&) const = default;
};

struct JobItemRow {
  JobItemKey key{};
  std::int64_t wake_target = 0;
  Moment finished_at{};
  std::optional<bool> succeeded{};
  Text error{};
  int items_ingested = 0;
  int items_updated = 0;
  int items_deleted = 0;
  int outbound_retried = 0;
  int outbound_succeeded = 0;
};

struct ChannelRow {
  std::string id{};
  std::string connection_id{};
  std::string external_calendar_id{};
  Text resource_id{};
  std::string secret_hash{};
  std::string state = "opening";
  Moment expires_at{};
  Time created_at{};
  Moment last_message_at{};
  Moment renew_at{};
  Moment missed_at{};
  int attempts = 0;
  Moment retry_at{};
  Text last_error{};
  Text address{};
};

struct AbandonedRow {
  std::string id{};
  std::string resource_id{};
  std::string connection_id{};
  std::string provider{};
  std::string provider_id{};
  Text provider_user_id{};
  std::string sealed{};
  Time expires_at{};
  int attempts = 0;
  Time next_attempt_at{};
  Text last_error{};
};

struct RevocationRow {
  std::string id{};
  std::string provider{};
  std::string provider_id{};
  std::string sealed{};
  int attempts = 0;
  Time next_attempt_at{};
  Text last_error{};
  Time created_at{};
  Text provider_user_id{};
};

/// calendar_connection_states
struct StateRow {
  std::int64_t id = 0;
  std::string connection_id{};
  std::string provider_id{};
  std::string from_state{};
  std::string to_state{};
  Text reason{};
  Time changed_at{};
};

/// calendar_rate_buckets
struct BucketRow {
  std::string scope{};
  std::string key{};
  double tokens = 0;
  double per_second = 0;
  double burst = 0;
  double wanted = 0;
  double granted = 0;
  Time updated_at{};
  Moment blocked_until{};
};

/// calendar_rate_slots
struct SlotRow {
  std::string scope{};
  std::string key{};
  std::string holder{};
  Time until{};
};

/// calendar_provider_circuits
struct CircuitRow {
  std::string provider{};
  std::string host{};
  std::string state{};
  std::string reason{};
  Time opened_at{};
  Time changed_at{};
  Time probe_at{};
  int failed_probes = 0;
  int good_probes = 0;
  double steady_per_second = 0;
  double connections = 0;
  std::int64_t version = 1;
};

struct WorkerRow {
  std::string id{};
  std::string host{};
  std::string version{};
  Time started_at{};
  Time heartbeat_at{};
};

struct GateRow {
  std::string component{};
  std::string state{};  ///< JSON
  Time updated_at{};
};

struct MetricBatchRow {
  std::string process{};
  std::int64_t batch = 0;
  Time added_at{};
};

struct OwnerRow {
  std::string id{};
  Text email{};
};

}  // namespace calsync::simulation
