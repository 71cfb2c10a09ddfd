// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_reader.hpp"

#include "common/calendar/ical_components.hpp"
#include "common/calendar/ical_event.hpp"
#include "common/calendar/ical_text.hpp"
#include "common/calendar/ical_zones.hpp"
#include "common/calendar/timezone.hpp"

namespace calsync::calendar {
namespace {

Error no_calendar(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos) return fail(Failure::malformed, "the calendar is empty");
  if (text[first] == '<') return fail(Failure::malformed, "this is a web page or XML, not an iCalendar file");
  return fail(Failure::malformed, "this is not an iCalendar file: it has no BEGIN:VCALENDAR");
}

std::string name_of(const IcalComponent& head) {
  const ContentLine* line = head.find("X-WR-CALNAME");
  if (!line) line = head.find("NAME");
  return line ? std::string(trim_blanks(unescape_text(line->value()))) : std::string();
}

}  // namespace

Result<ParsedCalendar> read_ical(std::string_view text, const IcalOptions& options) {
  const IcalStream stream = read_components(text);
  if (stream.objects.empty()) return no_calendar(text);
  ParsedCalendar calendar;
  calendar.complete = stream.complete;
  std::vector<IcalEvent> events;
  for (const IcalObject& object : stream.objects) {
    IcalZones zones(object, iana_zone(options.default_zone));
    if (calendar.name.empty()) calendar.name = name_of(object.head);
    if (calendar.time_zone.empty()) calendar.time_zone = zones.declared();
    const bool cancelled = upper_case(object.head.value_of("METHOD")) == "CANCEL";
    for (const IcalComponent& component : object.events) events.push_back(read_event(component, zones, cancelled));
  }
  Identified identified = identify(std::move(events), options.ids);
  calendar.events = std::move(identified.events);
  calendar.superseded = identified.superseded;
  return calendar;
}

}  // namespace calsync::calendar
