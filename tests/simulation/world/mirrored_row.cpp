// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/mirrored_row.hpp"

#include "tests/simulation/database/sql_functions.hpp"

namespace calsync::simulation {
namespace {

std::string text(const db::Value& value) { return value.value_or(""); }

std::string instant(const db::Value& value) {
  const auto time = value ? db::parse_timestamp(*value) : std::nullopt;
  return time ? format_rfc3339(*time) : text(value);
}

/// The elements of an array literal, each with a line feed.
std::string lines(const db::Value& array) {
  std::string out;
  for (const std::string& one : sqlf::elements(text(array))) out += one + '\n';
  return out;
}

}  // namespace

CanonicalRow canonical_row(const EventRow& row) {
  CanonicalRow out;
  out.external_event_id = row.key.external_event_id;
  out.ical_uid = text(row.ical_uid);
  out.title = text(row.title);
  out.description = text(row.description);
  out.location = text(row.location);
  out.organizer = text(row.organizer);
  out.attendees = row.attendees ? canonical_json(*row.attendees) : "[]";
  out.start_time = instant(row.start_time);
  out.end_time = instant(row.end_time);
  out.is_all_day = row.is_all_day ? "true" : "false";
  out.start_date = text(row.start_date);
  out.end_date = text(row.end_date);
  out.time_zone = text(row.time_zone);
  out.status = row.status;
  out.is_busy = row.is_busy ? "true" : "false";
  out.visibility = text(row.visibility);
  out.recurrence = lines(row.recurrence);
  out.recurring_event_id = text(row.recurring_event_id);
  out.original_start_time = instant(row.original_start_time);
  out.etag = text(row.etag);
  out.sequence = std::to_string(row.sequence);
  out.raw_payload = row.raw_payload ? canonical_json(*row.raw_payload) : "";
  out.sync_status = row.sync_status;
  out.last_error = row.last_error.value_or("");
  return out;
}

}  // namespace calsync::simulation
