// SPDX-License-Identifier: Apache-2.0
#include "recurrence.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <optional>
#include <set>

#include "clock.hpp"
#include "text.hpp"

namespace calsync::emulator {
namespace {

constexpr int most_steps = 200000;  // of one rule: a rule by the second must not stop the emulator

struct Line {
  std::string name;
  std::string zone_name;
  std::string_view value;
};

Line read_line(std::string_view text) {
  Line line;
  bool quoted = false;
  std::size_t colon = 0;
  while (colon < text.size() && (quoted || text[colon] != ':')) quoted ^= text[colon++] == '"';
  line.value = trim(text.substr(std::min(colon + 1, text.size())));
  const auto head = split(text.substr(0, colon), ';');
  line.name = upper(trim(head[0]));
  for (const std::string_view parameter : head) {
    const std::size_t equals = parameter.find('=');
    if (equals == parameter.npos || !equal_ignoring_case(parameter.substr(0, equals), "TZID")) continue;
    line.zone_name = parameter.substr(equals + 1);
    std::erase(line.zone_name, '"');
  }
  return line;
}

struct Rule {
  std::string text;  // without UNTIL
  std::optional<ListedTime> until;
  bool until_is_local = false;
};

std::optional<Rule> read_rule(std::string_view value, const Zone* zone, bool all_day) {
  Rule rule;
  bool frequency = false;
  for (const std::string_view part : split(value, ';')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == part.npos) return std::nullopt;
    const std::string name = upper(trim(part.substr(0, equals)));
    const std::string_view argument = trim(part.substr(equals + 1));
    if (name == "RSCALE" || name == "SKIP") return std::nullopt;
    frequency |= name == "FREQ";
    // Parts of a day have no meaning for dates and are to be ignored (RFC 5545 section 3.3.10).
    if (all_day && (name == "BYHOUR" || name == "BYMINUTE" || name == "BYSECOND")) continue;
    if (name == "UNTIL") {
      std::vector<ListedTime> times;
      if (!read_time_list(argument, zone, times) || times.size() != 1) return std::nullopt;
      rule.until = times[0];
      continue;
    }
    if (!rule.text.empty()) rule.text += ';';
    rule.text.append(name).append("=").append(upper(argument));
  }
  if (!frequency) return std::nullopt;
  return rule;
}

icaltimetype wall_time(std::int64_t local, bool is_date) {
  const CivilTime c = civil_from_seconds(local);
  icaltimetype time = icaltime_null_time();
  time.year = static_cast<int>(c.year), time.month = c.month, time.day = c.day;
  time.hour = c.hour, time.minute = c.minute, time.second = c.second;
  time.is_date = is_date ? 1 : 0;
  return time;
}

std::int64_t to_local(const EventTime& start, std::int64_t seconds) {
  return start.is_date() || !start.zone ? seconds : seconds + start.zone->offset_at(seconds);
}

std::int64_t from_local(const EventTime& start, std::int64_t local) {
  return start.is_date() || !start.zone ? local : start.zone->to_utc(local);
}

bool after_until(const EventTime& start, const Rule& rule, std::int64_t seconds) {
  if (!rule.until) return false;
  if (rule.until->is_date || start.is_date()) {
    return to_local(start, seconds) / 86400 > rule.until->seconds / 86400;
  }
  return seconds > rule.until->seconds;
}

void walk_rule(const EventTime& start, const Rule& rule, const ExpansionWindow& window, bool adds_start,
               std::set<std::int64_t>& out) {
  const icalrecurrencetype parsed = icalrecurrencetype_from_string(rule.text.c_str());
  if (parsed.freq == ICAL_NO_RECURRENCE || (start.is_date() && parsed.freq < ICAL_DAILY_RECURRENCE)) return;
  icalrecur_iterator* iterator =
      icalrecur_iterator_new(parsed, wall_time(to_local(start, start.seconds), start.is_date()));
  if (!iterator) return;
  // DTSTART counts as the first occurrence even when the rule does not yield it (RFC 5545 section 3.8.5.3).
  int rest = parsed.count > 0 ? parsed.count : INT32_MAX;
  bool first = true;
  for (int step = 0; step < most_steps && rest > 0; ++step) {
    const icaltimetype next = icalrecur_iterator_next(iterator);
    if (icaltime_is_null_time(next) || next.year > 9999) break;
    const std::int64_t local =
        seconds_from_civil({next.year, next.month, next.day, next.hour, next.minute, next.second});
    const std::int64_t seconds = from_local(start, local);
    if (first && adds_start && seconds != start.seconds) --rest;
    first = false;
    if (rest <= 0 || seconds > window.last || after_until(start, rule, seconds)) break;
    --rest;
    if (seconds >= window.first) out.insert(seconds);
    if (out.size() >= window.limit) break;
  }
  icalrecur_iterator_free(iterator);
}

// Whether the rule's days exist at all. The engine would look for the 30th of February minute by minute, up to the year
// 2500.
bool yields_days(icalrecurrencetype rule) {
  const bool within_days = rule.freq == ICAL_MINUTELY_RECURRENCE || rule.freq == ICAL_HOURLY_RECURRENCE;
  if (within_days) {
    rule.freq = ICAL_YEARLY_RECURRENCE;
    rule.interval = 1;
    rule.by_second[0] = rule.by_minute[0] = rule.by_hour[0] = rule.by_set_pos[0] = ICAL_RECURRENCE_ARRAY_MAX;
  }
  icalrecur_iterator* iterator = icalrecur_iterator_new(rule, wall_time(0, false));
  if (!iterator) return false;
  const bool found = !within_days || !icaltime_is_null_time(icalrecur_iterator_next(iterator));
  icalrecur_iterator_free(iterator);
  return found;
}

}  // namespace

void quiet_recurrence_engine() {
  icalerror_set_errors_are_fatal(0);
  icalerror_set_error_state(ICAL_MALFORMEDDATA_ERROR, ICAL_ERROR_NONFATAL);
  icalerror_set_error_state(ICAL_BADARG_ERROR, ICAL_ERROR_NONFATAL);
}

bool read_time_list(std::string_view values, const Zone* zone, std::vector<ListedTime>& out) {
  for (std::string_view value : split(values, ',')) {
    value = trim(value.substr(0, value.find('/')));                        // of a PERIOD only the start matters
    if (value.size() == 9 && value.back() == 'Z') value.remove_suffix(1);  // Google's own birthday exports
    if (value.size() == 8) {
      const auto day = parse_id_suffix(value);
      if (!day) return false;
      out.push_back({day->seconds, true});
      continue;
    }
    const bool utc = value.size() == 16 && (value.back() == 'Z' || value.back() == 'z');
    if (value.size() != 15 && !utc) return false;
    const auto time = parse_id_suffix(upper(value.substr(0, 15)) + "Z");
    if (!time) return false;
    out.push_back({utc || !zone ? time->seconds : zone->to_utc(time->seconds), false});
  }
  return true;
}

std::vector<std::int64_t> occurrences(const EventTime& start, const std::vector<std::string>& lines,
                                      const ExpansionWindow& window) {
  std::set<std::int64_t> included, excluded;
  std::set<std::int64_t> excluded_days;
  if (start.seconds >= window.first && start.seconds <= window.last) included.insert(start.seconds);
  for (const std::string& text : lines) {
    const Line line = read_line(text);
    const Zone* named = line.zone_name.empty() ? nullptr : find_zone(line.zone_name);
    const Zone* zone = named ? named : start.zone;
    if (line.name == "RRULE" || line.name == "EXRULE") {
      const auto rule = read_rule(line.value, start.zone, start.is_date());
      if (rule) walk_rule(start, *rule, window, line.name == "RRULE", line.name == "RRULE" ? included : excluded);
      continue;
    }
    std::vector<ListedTime> times;
    if (!read_time_list(line.value, zone, times)) continue;
    for (const ListedTime& time : times) {
      // A date in the list of a timed series means that day's occurrence; a time in the list of an all-day series, its
      // day.
      if (line.name == "EXDATE" && time.is_date && !start.is_date()) {
        excluded_days.insert(time.seconds / 86400);
        continue;
      }
      std::int64_t seconds = time.seconds;
      if (start.is_date() && !time.is_date)
        seconds = (zone ? seconds + zone->offset_at(seconds) : seconds) / 86400 * 86400;
      if (time.is_date && !start.is_date()) {
        const std::int64_t wall = to_local(start, start.seconds);
        seconds = from_local(start, time.seconds + (wall % 86400 + 86400) % 86400);
      }
      if (line.name == "EXDATE") excluded.insert(seconds);
      if (line.name == "RDATE" && seconds >= window.first && seconds <= window.last) included.insert(seconds);
    }
  }
  std::vector<std::int64_t> result;
  for (const std::int64_t seconds : included) {
    if (excluded.contains(seconds) || excluded_days.contains(to_local(start, seconds) / 86400)) continue;
    result.push_back(seconds);
    if (result.size() >= window.limit) break;
  }
  return result;
}

std::string recurrence_line_fault(std::string_view text, bool all_day) {
  const Line line = read_line(text);
  if (line.name == "RDATE" || line.name == "EXDATE") {
    std::vector<ListedTime> times;
    if (!line.zone_name.empty() && !find_zone(line.zone_name)) return "unknown time zone in " + line.name;
    return read_time_list(line.value, utc_zone(), times) ? "" : "malformed " + line.name;
  }
  if (line.name != "RRULE" && line.name != "EXRULE") return "no recurrence property: " + line.name;
  const auto rule = read_rule(line.value, utc_zone(), all_day);
  if (!rule) return "malformed " + line.name;
  const icalrecurrencetype parsed = icalrecurrencetype_from_string(rule->text.c_str());
  if (parsed.freq == ICAL_NO_RECURRENCE) return "malformed " + line.name;
  if (all_day && parsed.freq < ICAL_DAILY_RECURRENCE) return "no whole days in " + line.name;
  if (parsed.freq == ICAL_SECONDLY_RECURRENCE || !yields_days(parsed)) return "impossible " + line.name;
  return rule->text.find("COUNT=") != std::string::npos && rule->until ? "COUNT and UNTIL in one " + line.name : "";
}

std::vector<std::string> cut_before(const EventTime& start, const std::vector<std::string>& lines,
                                    std::int64_t seconds) {
  std::vector<std::string> result;
  for (const std::string& text : lines) {
    const Line line = read_line(text);
    if (line.name != "RRULE") {
      result.push_back(text);
      continue;
    }
    std::string cut = "RRULE:";
    for (const std::string_view part : split(line.value, ';')) {
      const std::string name = upper(part.substr(0, part.find('=')));
      if (name != "COUNT" && name != "UNTIL" && !part.empty()) cut.append(part).append(";");
    }
    // UNTIL has the kind of DTSTART and is UTC when that is a time (RFC 5545 section 3.3.10).
    cut += "UNTIL=";
    cut += start.is_date() ? basic_date(seconds - 86400) : basic_utc(seconds - 1);
    result.push_back(std::move(cut));
  }
  return result;
}

}  // namespace calsync::emulator
