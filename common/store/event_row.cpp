// SPDX-License-Identifier: Apache-2.0
#include "common/store/event_row.hpp"

#include <algorithm>

#include "common/base/json.hpp"
#include "common/calendar/timezone.hpp"

namespace calsync::store {
namespace {

using calendar::EventTime;

db::Value text(std::string value) { return db::null_if_empty(db::without_nul(std::move(value))); }

/// Midnight of the first or last day there is can lie outside of the calendar in another zone.
Time in_range(Time time) {
  using namespace std::chrono;
  return std::clamp(time, Time(sys_days(year(1) / 1 / 1)), Time(sys_days(year(9999) / 12 / 31)));
}

std::optional<Time> instant(const EventTime& time, const std::string& calendar_zone) {
  if (time.instant) return in_range(*time.instant);
  if (!time.date) return std::nullopt;
  const Time midnight = Time(std::chrono::sys_days(*time.date));
  return in_range(calendar::instant_of(midnight, calendar_zone).value_or(midnight));
}

db::Value date(const EventTime& time) { return time.date ? db::Value(format_date(*time.date)) : db::Value(); }

db::Value attendees(const std::vector<calendar::Attendee>& attendees) {
  json::Writer writer;
  writer.begin_array();
  for (const calendar::Attendee& one : attendees) {
    writer.begin_object().put("email", db::without_nul(one.email));
    if (!one.name.empty()) writer.put("name", db::without_nul(one.name));
    if (!one.response.empty()) writer.put("response", one.response);
    if (one.optional) writer.put("optional", true);
    if (one.organizer) writer.put("organizer", true);
    if (one.self) writer.put("self", true);
    writer.end_object();
  }
  writer.end_array();
  return writer.text();
}

db::Value recurrence(const std::vector<std::string>& lines) {
  if (lines.empty()) return std::nullopt;
  std::vector<std::string> clean;
  for (const std::string& line : lines) clean.push_back(db::without_nul(line));
  return db::array_literal(clean);
}

/// jsonb has no NUL character: an escaped one becomes U+FFFD. A backslash that is itself escaped does not begin an
/// escape.
db::Value payload(const std::string& json) {
  if (json.empty()) return std::nullopt;
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\' || i + 1 == json.size()) {
      out += json[i];
    } else if (json.compare(i, 6, "\\u0000") == 0) {
      out += "\\ufffd";
      i += 5;
    } else {
      out += json[i];
      out += json[++i];
    }
  }
  return out;
}

db::Value boolean(bool flag) { return flag ? "true" : "false"; }

}  // namespace

db::Values event_row(const sync::Claim& claim, const std::string& calendar_id, const std::string& calendar_zone,
                     const sync::MirrorRow& row) {
  const calendar::Event& event = row.event;
  // One line per parameter of mirror_upsert.
  return {claim.connection.str(),
          claim.owner.str(),
          claim.provider,
          calendar_id,
          db::without_nul(event.external_event_id),
          text(event.ical_uid),
          text(event.title),
          text(event.description),
          text(event.location),
          text(event.organizer),
          attendees(event.attendees),
          db::to_value(instant(event.start, calendar_zone)),
          db::to_value(instant(event.end, calendar_zone)),
          boolean(event.is_all_day),
          date(event.start),
          date(event.end),
          text(event.time_zone),
          std::string(calendar::status_name(event.status)),
          boolean(event.is_busy),
          text(event.visibility),
          recurrence(event.recurrence),
          text(event.recurring_event_id),
          db::to_value(instant(event.original_start, calendar_zone)),
          text(event.etag),
          std::to_string(event.sequence),
          payload(event.raw_payload),
          std::string(sync::sync_status_name(row.status)),
          text(row.last_error)};
}

}  // namespace calsync::store
