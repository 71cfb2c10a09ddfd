// SPDX-License-Identifier: Apache-2.0
#include "event_time.hpp"

#include "clock.hpp"

namespace calsync::emulator {

std::string EventTime::id_suffix() const { return is_date() ? basic_date(seconds) : basic_utc(seconds); }

void append_event_time(std::string& out, const EventTime& time, const Zone* answer_zone) {
  if (time.is_date()) {
    out += R"({"date":")";
    append_date(out, time.seconds);
    out += "\"}";
    return;
  }
  out += R"({"dateTime":")";
  append_rfc3339(out, time.seconds, answer_zone->offset_at(time.seconds));
  out += '"';
  if (time.zone) {
    out += R"(,"timeZone":)";
    append_quoted(out, time.zone->name());
  }
  out += '}';
}

std::optional<TimeFault> read_event_time(const JsonValue* value, const Zone* calendar_zone, EventTime& out,
                                         bool& named_zone) {
  named_zone = false;
  if (!value || !value->IsObject()) return TimeFault::missing;
  const std::string_view date = string_member(*value, "date"), date_time = string_member(*value, "dateTime");
  const std::string_view zone_name = string_member(*value, "timeZone");
  if (date.empty() == date_time.empty()) return date.empty() ? TimeFault::missing : TimeFault::malformed;
  if (!date.empty()) {
    const auto seconds = parse_date(date);
    if (!seconds) return TimeFault::malformed;
    out = {EventTime::Kind::date, *seconds, nullptr};
    return std::nullopt;
  }
  const auto parsed = parse_rfc3339(date_time);
  if (!parsed) return TimeFault::malformed;
  const Zone* zone = calendar_zone;
  if (!zone_name.empty()) {
    zone = find_zone(zone_name);
    if (!zone) return TimeFault::unknown_zone;
    named_zone = true;
  }
  if (!parsed->utc_offset && !named_zone) return TimeFault::missing_zone;
  const std::int64_t seconds =
      parsed->utc_offset ? parsed->local_seconds - *parsed->utc_offset : zone->to_utc(parsed->local_seconds);
  out = {EventTime::Kind::timed, seconds, zone};
  return std::nullopt;
}

std::optional<EventTime> parse_id_suffix(std::string_view suffix) {
  if (suffix.size() != 8 && (suffix.size() != 16 || suffix[8] != 'T' || suffix[15] != 'Z')) return std::nullopt;
  std::string text{suffix.substr(0, 4)};
  text.append("-").append(suffix.substr(4, 2)).append("-").append(suffix.substr(6, 2));
  if (suffix.size() == 8) {
    const auto date = parse_date(text);
    if (!date) return std::nullopt;
    return EventTime{EventTime::Kind::date, *date, nullptr};
  }
  text.append("T").append(suffix.substr(9, 2)).append(":").append(suffix.substr(11, 2)).append(":");
  text.append(suffix.substr(13, 2)).append("Z");
  const auto parsed = parse_rfc3339(text);
  if (!parsed) return std::nullopt;
  return EventTime{EventTime::Kind::timed, parsed->local_seconds, nullptr};
}

}  // namespace calsync::emulator
