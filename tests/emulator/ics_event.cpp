// SPDX-License-Identifier: Apache-2.0
#include "ics_event.hpp"

#include <algorithm>

#include "clock.hpp"
#include "recurrence.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

// A DATE or DATE-TIME with the zone it is in; none when the value is malformed.
EventTime read_time(const IcsProperty& property, FileZones& zones) {
  std::string value = upper(trim(property.value));
  if (value.size() > 8 && property.parameter("VALUE") == "DATE") value.resize(8);
  // 20260302T0900: some programs leave out the seconds.
  if (value.size() == 13 && value[8] == 'T') value += "00";
  const bool utc = value.size() == 16 && value.back() == 'Z';
  if (value.size() == 8) return parse_id_suffix(value).value_or(EventTime{});
  if (value.size() != 15 && !utc) return {};
  const auto wall = parse_id_suffix(value.substr(0, 15) + "Z");
  if (!wall) return {};
  if (utc) return {EventTime::Kind::timed, wall->seconds, utc_zone()};
  const std::string_view tzid = property.parameter("TZID");
  const FileZone zone = tzid.empty() ? FileZone{zones.calendar_zone(), nullptr} : zones.resolve(tzid, wall->seconds);
  return {EventTime::Kind::timed, zone.to_utc(wall->seconds), zone.zone ? zone.zone : utc_zone()};
}

struct Duration {
  bool valid = false;
  std::int64_t days = 0, seconds = 0;
};

// RFC 5545 section 3.3.6
Duration read_duration(std::string_view text) {
  Duration result;
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.size() < 2 || (text[0] != 'P' && text[0] != 'p')) return result;
  std::int64_t number = 0;
  bool digits = false;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      digits = true;
      if (number > 100000000) return result;
      continue;
    }
    if (c == 'T' || c == 't') continue;
    if (!digits) return result;
    switch (c | 32) {
      case 'w':
        result.days += number * 7;
        break;
      case 'd':
        result.days += number;
        break;
      case 'h':
        result.seconds += number * 3600;
        break;
      case 'm':
        result.seconds += number * 60;
        break;
      case 's':
        result.seconds += number;
        break;
      default:
        return result;
    }
    number = 0;
    digits = false;
  }
  result.valid = !digits;
  if (negative) result.days = -result.days, result.seconds = -result.seconds;
  return result;
}

// DTEND, else DTSTART plus DURATION, else RFC 5545 section 3.6.1's default. A DURATION in days is nominal.
std::string read_end(const IcsComponent& component, FileZones& zones, const EventTime& start, EventTime& end) {
  if (const IcsProperty* property = component.find("DTEND")) {
    end = read_time(*property, zones);
    if (end.kind == EventTime::Kind::none) return "malformed DTEND";
    return "";
  }
  end = start;
  if (const IcsProperty* property = component.find("DURATION")) {
    const Duration duration = read_duration(property->value);
    if (!duration.valid) return "malformed DURATION";
    if (start.is_date()) {
      end.seconds += duration.days * 86400 + (duration.seconds + 86399) / 86400 * 86400;
    } else {
      const std::int64_t wall = start.seconds + start.zone->offset_at(start.seconds) + duration.days * 86400;
      end.seconds = (duration.days == 0 ? start.seconds : start.zone->to_utc(wall)) + duration.seconds;
    }
    return "";
  }
  if (start.is_date()) end.seconds += 86400;
  return "";
}

// EXDATE and RDATE keep their wall times when their zone has an IANA name and become UTC otherwise.
std::string recurrence_line(const IcsProperty& property, FileZones& zones, std::int64_t near) {
  if (property.name == "RRULE" || property.name == "EXRULE")
    return property.name + ":" + std::string(trim(property.value));
  std::string dates, times;
  const std::string_view tzid = property.parameter("TZID");
  const FileZone zone = tzid.empty() ? FileZone{zones.calendar_zone(), nullptr} : zones.resolve(tzid, near);
  bool all_utc = true;
  for (const std::string_view item : split(property.value, ',')) {
    std::string value = upper(trim(item.substr(0, item.find('/'))));
    if (value.size() == 9 && value.back() == 'Z') value.pop_back();
    const auto parsed = parse_id_suffix(value.size() == 15 ? value + "Z" : value);
    if (!parsed) return property.name + ":" + property.value;  // refused later, with its reason
    std::string& list = parsed->is_date() ? dates : times;
    if (!list.empty()) list += ',';
    const bool wall = value.size() == 15;
    all_utc &= !wall || !zone.zone;
    list += wall && !zone.zone ? basic_utc(zone.to_utc(parsed->seconds)) : value;
  }
  if (times.empty()) return property.name + ";VALUE=DATE:" + dates;
  return property.name + (all_utc ? ":" : ";TZID=" + zone.zone->name() + ":") + times;
}

std::string_view mail_address(std::string_view value) {
  value = trim(value);
  if (value.size() > 7 && equal_ignoring_case(value.substr(0, 7), "mailto:")) value.remove_prefix(7);
  return value.find('@') == value.npos ? std::string_view() : trim(value);
}

void append_attendee(std::string& out, const IcsProperty& property) {
  const std::string_view email = mail_address(property.value);
  if (email.empty()) return;
  if (out.back() == '}') out += ',';
  ObjectWriter row(out);
  row.text("email", email);
  row.text_unless_empty("displayName", property.parameter("CN"));
  const std::string answer = upper(property.parameter("PARTSTAT"));
  row.text("responseStatus", answer == "ACCEPTED"    ? "accepted"
                             : answer == "DECLINED"  ? "declined"
                             : answer == "TENTATIVE" ? "tentative"
                                                     : "needsAction");
  if (equal_ignoring_case(property.parameter("ROLE"), "OPT-PARTICIPANT")) row.boolean("optional", true);
  const std::string kind = upper(property.parameter("CUTYPE"));
  if (kind == "RESOURCE" || kind == "ROOM") row.boolean("resource", true);
}

void append_properties(ObjectWriter& object, const IcsComponent& component, FileZones& zones, const EventTime& start,
                       bool is_exception) {
  for (const auto& [name, member_name] :
       {std::pair{"SUMMARY", "summary"}, {"DESCRIPTION", "description"}, {"LOCATION", "location"}})
    if (const IcsProperty* property = component.find(name))
      object.text_unless_empty(member_name, unescape_text(property->value));
  if (const IcsProperty* property = component.find("STATUS")) {
    const std::string status = upper(trim(property->value));
    if (status == "CANCELLED" || status == "TENTATIVE") object.text("status", lower(status));
  }
  if (const IcsProperty* property = component.find("TRANSP");
      property && equal_ignoring_case(trim(property->value), "TRANSPARENT"))
    object.text("transparency", "transparent");
  if (const IcsProperty* property = component.find("CLASS")) {
    const std::string visibility = lower(trim(property->value));
    if (visibility == "public" || visibility == "private" || visibility == "confidential")
      object.text("visibility", visibility);
  }
  if (const IcsProperty* property = component.find("ORGANIZER"); property && !mail_address(property->value).empty()) {
    ObjectWriter organizer(object.key("organizer"));
    organizer.text("email", mail_address(property->value));
    organizer.text_unless_empty("displayName", property->parameter("CN"));
  }
  std::string attendees = "[", lines;
  for (const IcsProperty& property : component.properties) {
    if (property.name == "ATTENDEE") append_attendee(attendees, property);
    if (property.name != "RRULE" && property.name != "RDATE" && property.name != "EXDATE" && property.name != "EXRULE")
      continue;
    // The rule of a series has no meaning on one of its occurrences; an empty list says nothing.
    if (is_exception || trim(property.value).empty()) continue;
    if (!lines.empty()) lines += ',';
    append_quoted(lines, recurrence_line(property, zones, start.seconds));
  }
  if (attendees.size() > 1) object.raw("attendees", attendees + "]");
  if (!lines.empty()) object.raw("recurrence", "[" + lines + "]");
}

}  // namespace

IcsEvent read_vevent(const IcsComponent& component, FileZones& zones) {
  IcsEvent event;
  const auto reject = [&](std::string reason) {
    event.rejection = std::move(reason);
    return event;
  };
  if (const IcsProperty* uid = component.find("UID")) event.uid = trim(uid->value);
  if (!component.ended) return reject("no END:VEVENT");
  const IcsProperty* start_property = component.find("DTSTART");
  if (!start_property) return reject("no DTSTART");
  const EventTime start = read_time(*start_property, zones);
  if (start.kind == EventTime::Kind::none) return reject("malformed DTSTART");
  EventTime end;
  if (std::string fault = read_end(component, zones, start, end); !fault.empty()) return reject(std::move(fault));
  if (start.kind != end.kind) return reject("DTSTART and DTEND are not of one kind");
  if (end.seconds < start.seconds) return reject("the end is before the start");
  if (const IcsProperty* sequence = component.find("SEQUENCE"))
    event.sequence = std::clamp<std::int64_t>(parse_integer(trim(sequence->value)).value_or(0), 0, INT32_MAX);
  const IcsProperty* recurrence_id = component.find("RECURRENCE-ID");
  if (recurrence_id) {
    event.recurrence_id = read_time(*recurrence_id, zones);
    if (event.recurrence_id.kind == EventTime::Kind::none) return reject("malformed RECURRENCE-ID");
  }
  {
    ObjectWriter object(event.resource);
    append_event_time(object.key("start"), start, utc_zone());
    append_event_time(object.key("end"), end, utc_zone());
    object.number("sequence", event.sequence);
    append_properties(object, component, zones, start, recurrence_id != nullptr);
  }
  return event;
}

}  // namespace calsync::emulator
