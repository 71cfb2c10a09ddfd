// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libical/ical.h>

#include <algorithm>
#include <set>

#include "common/calendar/timezone.hpp"
#include "tests/contract/event_reader_contract/mirror.hpp"

namespace calsync::contract {
namespace {

using calendar::Event;
using std::chrono::sys_days;

const Time first = sys_days(std::chrono::year(2026) / 3 / 1);
const Time last = sys_days(std::chrono::year(2026) / 6 / 1);

/// A slot as a time: its instant, or midnight UTC of its date.
Time slot_of(const calendar::EventTime& time) {
  return time.instant ? *time.instant : time.date ? Time(sys_days(*time.date)) : Time();
}

std::string shown_time(const Event& event, Time time) {
  std::string text = format_rfc3339(time);
  return event.is_all_day ? text.substr(0, 10) : text;
}

void show(const Event& event, Time start, std::vector<std::string>& lines) {
  const Time end = start + (slot_of(event.end) - slot_of(event.start));
  if (end <= first || start >= last) return;
  lines.push_back(fmt::format("{}/{} {}{}", shown_time(event, start), shown_time(event, end), event.title,
                              event.is_busy ? "" : " free"));
}

std::string zone_of(const Event& event) { return event.time_zone.empty() ? "UTC" : event.time_zone; }

Time from_wall(const Event& event, Time wall) {
  return event.is_all_day ? wall : calendar::instant_of(wall, zone_of(event)).value_or(wall);
}

/// "20260309T080000Z", "20260309T090000" (in the event's zone) or "20260309".
Time parsed(const Event& event, const std::string& text) {
  const icaltimetype time = icaltime_from_string(text.c_str());
  const Time wall = std::chrono::sys_seconds(std::chrono::seconds(icaltime_as_timet(time)));
  return text.ends_with('Z') ? wall : from_wall(event, wall);
}

/// The times of an EXDATE or RDATE line.
std::set<Time> listed(const Event& event, const std::string& line) {
  std::set<Time> times;
  std::size_t at = line.find(':') + 1;
  while (at < line.size()) {
    const std::size_t comma = std::min(line.find(',', at), line.size());
    times.insert(parsed(event, line.substr(at, comma - at)));
    at = comma + 1;
  }
  return times;
}

std::set<Time> rule_times(const Event& event, std::string rule) {
  Time until = last;
  // UNTIL is UTC, and what is expanded here is wall time.
  if (const auto at = rule.find("UNTIL="); at != std::string::npos) {
    const std::size_t end = std::min(rule.find(';', at), rule.size());
    until = parsed(event, rule.substr(at + 6, end - at - 6));
    rule.erase(at > 0 ? at - 1 : at, end - at + 1);
  }
  const Time start = slot_of(event.start);
  const Time wall = event.is_all_day ? start : calendar::wall_time(start, zone_of(event)).value_or(start);
  icaltimetype begin = icaltime_from_timet_with_zone(
      std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count(), 0, nullptr);
  std::set<Time> times;
  icalrecur_iterator* iterator = icalrecur_iterator_new(icalrecurrencetype_from_string(rule.c_str()), begin);
  if (!iterator) throw std::runtime_error("no rule: " + rule);
  for (icaltimetype next = icalrecur_iterator_next(iterator); !icaltime_is_null_time(next);
       next = icalrecur_iterator_next(iterator)) {
    const Time one = from_wall(event, std::chrono::sys_seconds(std::chrono::seconds(icaltime_as_timet(next))));
    if (one > until || one >= last) break;
    times.insert(one);
  }
  icalrecur_iterator_free(iterator);
  return times;
}

std::set<Time> times_of(const Event& event, const std::set<Time>& replaced) {
  std::set<Time> times{slot_of(event.start)};
  std::set<Time> excluded = replaced;
  for (const std::string& line : event.recurrence) {
    if (line.starts_with("RRULE:")) times = rule_times(event, line.substr(6));
  }
  for (const std::string& line : event.recurrence) {
    if (line.starts_with("RDATE")) times.merge(listed(event, line));
    if (line.starts_with("EXDATE")) excluded.merge(listed(event, line));
  }
  for (const Time one : excluded) times.erase(one);
  return times;
}

}  // namespace

std::vector<std::string> Mirror::shown() const {
  std::map<std::string, std::set<Time>> replaced;
  for (const auto& [id, event] : events_) {
    if (!event.recurring_event_id.empty()) replaced[event.recurring_event_id].insert(slot_of(event.original_start));
  }
  std::vector<std::string> lines;
  for (const auto& [id, event] : events_) {
    if (event.start.empty() && event.status != calendar::Status::cancelled) lines.push_back(event.title);
    if (event.start.empty() || event.status == calendar::Status::cancelled) continue;
    for (const Time start : times_of(event, replaced[id])) show(event, start, lines);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace calsync::contract
