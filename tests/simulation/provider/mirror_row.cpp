// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/mirror_row.hpp"

#include "common/calendar/timezone.hpp"
#include "tests/emulator/json.hpp"

namespace calsync::simulation {
namespace {

std::string instant_text(const calendar::EventTime& time, const std::string& calendar_zone) {
  if (time.instant) return format_rfc3339(*time.instant);
  if (!time.date) return {};
  const Time midnight = Time(std::chrono::sys_days(*time.date));
  return format_rfc3339(calendar::instant_of(midnight, calendar_zone).value_or(midnight));
}

std::string date_text(const calendar::EventTime& time) { return time.date ? format_date(*time.date) : std::string(); }

std::string attendees_text(const std::vector<calendar::Attendee>& attendees) {
  std::string json = "[";
  for (const calendar::Attendee& one : attendees) {
    if (json.size() > 1) json += ',';
    emulator::ObjectWriter object(json);
    object.text("email", one.email);
    object.text_unless_empty("name", one.name);
    object.text_unless_empty("response", one.response);
    if (one.optional) object.boolean("optional", true);
    if (one.organizer) object.boolean("organizer", true);
    if (one.self) object.boolean("self", true);
  }
  return canonical_json(json + "]");
}

std::string flag(bool value) { return value ? "true" : "false"; }

}  // namespace

CanonicalRow canonical_row(const sync::MirrorRow& row, const std::string& calendar_zone) {
  const calendar::Event& event = row.event;
  CanonicalRow out;
  out.external_event_id = event.external_event_id;
  out.ical_uid = without_nul(event.ical_uid);
  out.title = without_nul(event.title);
  out.description = without_nul(event.description);
  out.location = without_nul(event.location);
  out.organizer = without_nul(event.organizer);
  out.attendees = attendees_text(event.attendees);
  out.start_time = instant_text(event.start, calendar_zone);
  out.end_time = instant_text(event.end, calendar_zone);
  out.is_all_day = flag(event.is_all_day);
  out.start_date = date_text(event.start);
  out.end_date = date_text(event.end);
  out.time_zone = event.time_zone;
  out.status = calendar::status_name(event.status);
  out.is_busy = flag(event.is_busy);
  out.visibility = event.visibility;
  for (const std::string& line : event.recurrence) out.recurrence += line + '\n';
  out.recurring_event_id = event.recurring_event_id;
  out.original_start_time = instant_text(event.original_start, calendar_zone);
  out.etag = event.etag;
  out.sequence = std::to_string(event.sequence);
  out.raw_payload = canonical_json(event.raw_payload);
  out.sync_status = sync::sync_status_name(row.status);
  out.last_error = row.last_error;
  return out;
}

CanonicalRow canonical_feed_row(const sync::MirrorRow& row, const std::string& calendar_zone) {
  CanonicalRow out = canonical_row(row, calendar_zone);
  out.etag.clear();
  return out;
}

}  // namespace calsync::simulation
