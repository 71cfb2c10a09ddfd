// SPDX-License-Identifier: Apache-2.0
#include "common/doctor/needed_grants.hpp"

#include <array>
#include <functional>

#include "common/base/json.hpp"

namespace calsync::doctor {
namespace {

constexpr std::array of_api{
    Need{"SELECT",
         "calsync_schema_migrations profiles external_calendar_events calendar_sync_runs calendar_sync_workers "
         "calendar_push_channels calendar_connection_states calendar_rate_buckets calendar_rate_slots "
         "calendar_provider_circuits calendar_timeline calendar_connection_timeline calendar_abandoned_channels"},
    Need{"SELECT INSERT", "calendar_operator_actions"},
    Need{"UPDATE", "calendar_push_channels calendar_revocations calendar_abandoned_channels"},
    Need{"SELECT INSERT UPDATE DELETE",
         "external_calendar_connections external_calendar_credentials calendar_oauth_flows"},
    Need{"SELECT INSERT UPDATE",
         "external_calendars calendar_job_runs calendar_job_run_items calendar_gate_state calendar_metrics "
         "calendar_metrics_batches"},
    Need{"SELECT INSERT DELETE", "calendar_revocations"}};

constexpr std::array of_worker{
    Need{"SELECT", "calsync_schema_migrations"},
    Need{"SELECT UPDATE", "external_calendar_connections"},
    Need{"SELECT INSERT UPDATE",
         "external_calendar_credentials calendar_gate_state calendar_metrics calendar_provider_circuits"},
    Need{"SELECT INSERT UPDATE DELETE",
         "external_calendar_events external_calendars calendar_sync_runs calendar_sync_workers calendar_push_channels "
         "calendar_abandoned_channels calendar_revocations calendar_oauth_flows calendar_job_runs "
         "calendar_job_run_items "
         "calendar_connection_states calendar_staged_reads calendar_staged_events calendar_metrics_batches "
         "calendar_rate_buckets calendar_rate_slots"},
    Need{"INSERT", "calendar_timeline"},
    Need{"SELECT DELETE", "calendar_timeline_default calendar_sync_runs_default"}};

void each_word(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const auto end = text.find(' ');
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

std::span<const Need> needs_of(Daemon daemon) {
  if (daemon == Daemon::api) return of_api;
  return of_worker;
}

std::string needed_grants_json(Daemon daemon) {
  json::Writer writer;
  writer.begin_array();
  for (const Need& need : needs_of(daemon)) {
    each_word(need.tables, [&](std::string_view table) {
      each_word(need.privileges, [&](std::string_view privilege) {
        writer.begin_object().put("name", table).put("privilege", privilege).end_object();
      });
    });
  }
  return writer.end_array().text();
}

}  // namespace calsync::doctor
