// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/ical_event.hpp"

#include <algorithm>
#include <charconv>

#include "common/base/crypto.hpp"
#include "common/base/json.hpp"
#include "common/calendar/ical_people.hpp"
#include "common/calendar/ical_text.hpp"

namespace calsync::calendar {
namespace {

Error malformed(std::string why) { return fail(Failure::malformed, std::move(why)); }

std::string text_of(const IcalComponent& component, std::string_view property) {
  const ContentLine* line = component.find(property);
  return line ? unescape_text(line->value()) : std::string();
}

/// A description may be given in several parts; of the others the first counts.
std::string description_of(const IcalComponent& component) {
  std::string text;
  for (const ContentLine& line : component.properties) {
    if (line.name != "DESCRIPTION") continue;
    if (!text.empty()) text += '\n';
    text += unescape_text(line.value());
  }
  return text;
}

std::string digest_of(const IcalComponent& component) {
  std::string lines;
  for (const ContentLine& line : component.properties) {
    if (line.name == "DTSTAMP" || line.name == "LAST-MODIFIED" || line.name == "CREATED") continue;
    lines += line.text + '\n';
  }
  return sha256_hex(lines).substr(0, 32);
}

Status status_of(const IcalComponent& component, bool cancelled) {
  const std::string status = upper_case(component.value_of("STATUS"));
  if (cancelled || status == "CANCELLED" || status == "CANCELED") return Status::cancelled;
  return status == "TENTATIVE" ? Status::tentative : Status::confirmed;
}

/// TRANSP decides; Outlook's own property where TRANSP is missing.
bool is_transparent(const IcalComponent& component) {
  const std::string transparency = upper_case(component.value_of("TRANSP"));
  if (!transparency.empty()) return transparency == "TRANSPARENT";
  return upper_case(component.value_of("X-MICROSOFT-CDO-BUSYSTATUS")) == "FREE";
}

/// A class that nobody defined is private (RFC 5545 section 3.8.1.3).
std::string visibility_of(const IcalComponent& component) {
  const std::string name = upper_case(component.value_of("CLASS"));
  if (name.empty()) return "default";
  if (name == "PUBLIC") return "public";
  return name == "CONFIDENTIAL" ? "confidential" : "private";
}

std::int64_t sequence_of(const IcalComponent& component) {
  const std::string_view text = component.value_of("SEQUENCE");
  std::int64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  return error == std::errc() ? sequence : 0;
}

bool is_recurrence(std::string_view name) {
  return name == "RRULE" || name == "RDATE" || name == "EXDATE" || name == "EXRULE";
}

/// The lines as they stand. Empty ones, which Exchange writes, say nothing.
Result<void> read_recurrence(const IcalComponent& component, Event& event) {
  for (const ContentLine& line : component.properties) {
    if (!is_recurrence(line.name) || trim_blanks(line.value()).empty()) continue;
    const bool rule = line.name == "RRULE" || line.name == "EXRULE";
    if (rule && !is_usable_rule(line.value())) return malformed("its " + line.name + " cannot be understood");
    event.recurrence.emplace_back(trim_blanks(line.text));
  }
  return {};
}

Result<EventTime> end_by_duration(const PlacedTime& start, std::string_view value) {
  const auto duration = parse_duration(value);
  if (!duration) return malformed("its DURATION cannot be understood");
  EventTime end = start.after(*duration);
  const bool late = end.date ? end.date->year() > std::chrono::year(9999)
                             : std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*end.instant)).year() >
                                   std::chrono::year(9999);
  if (late) return malformed("its DURATION leads out of range");
  return end;
}

/// DTEND, else DTSTART plus DURATION, else one day for a date and no time at all for a date-time (RFC 5545
/// section 3.6.1).
Result<EventTime> read_end(const IcalComponent& component, const PlacedTime& start, IcalZones& zones) {
  const ContentLine* line = component.find("DTEND");
  if (line && !trim_blanks(line->value()).empty()) {
    auto end = zones.place(*line);
    if (!end) return end.error();
    // A start within the hour that a clock change leaves out is moved behind an end after it (RFC 5545 section 3.3.5);
    // the event keeps the length that its author saw.
    const bool same_clock = start.zone && end->zone && start.time.time_zone == end->time.time_zone;
    if (same_clock && end->wall >= start.wall && *end->time.instant < *start.time.instant)
      end->time.instant = *start.time.instant + (end->wall - start.wall);
    return end->time;
  }
  const std::string_view duration = component.value_of("DURATION");
  if (!duration.empty()) return end_by_duration(start, duration);
  return start.after({std::chrono::days(start.time.date ? 1 : 0), {}});
}

Result<void> check_order(Event& event) {
  if (event.start.date.has_value() != event.end.date.has_value()) {
    return malformed("one of its DTSTART and DTEND is a date and the other a date-time");
  }
  const bool backwards =
      event.start.date ? *event.end.date < *event.start.date : *event.end.instant < *event.start.instant;
  if (backwards) return malformed("it ends before it starts");
  // Many exporters take the end date as inclusive: the event still has its one day.
  if (event.start.date && *event.end.date == *event.start.date) {
    event.end.date = std::chrono::year_month_day(std::chrono::sys_days(*event.start.date) + std::chrono::days(1));
  }
  if (event.end.date && event.end.date->year() > std::chrono::year(9999)) return malformed("its end is out of range");
  return {};
}

Result<void> read_times(const IcalComponent& component, IcalZones& zones, IcalEvent& read) {
  Event& event = read.event;
  if (const ContentLine* line = component.find("RECURRENCE-ID")) {
    auto original = zones.place(*line);
    if (!original) return original.error();
    event.original_start = original->time;
    read.recurrence_key = basic_form(event.original_start);
  }
  const ContentLine* line = component.find("DTSTART");
  if (!line || trim_blanks(line->value()).empty()) return malformed("it has no DTSTART");
  const auto start = zones.place(*line);
  if (!start) return start.error();
  event.start = start->time;
  event.is_all_day = event.start.date.has_value();
  event.time_zone = event.start.time_zone;
  auto end = read_end(component, *start, zones);
  if (!end) return end.error();
  event.end = *std::move(end);
  if (auto checked = check_order(event); !checked) return checked;
  // Evolution copies the master's rule into its exceptions, where it means nothing.
  return event.original_start.empty() ? read_recurrence(component, event) : Result<void>();
}

}  // namespace

std::string basic_form(const EventTime& time) {
  std::string text = time.date ? format_date(*time.date) : time.instant ? format_rfc3339(*time.instant) : std::string();
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

IcalEvent read_event(const IcalComponent& component, IcalZones& zones, bool cancelled) {
  IcalEvent read;
  read.uid = std::string(trim_blanks(text_of(component, "UID")));
  read.modified = std::string(component.value_of("LAST-MODIFIED"));
  if (read.modified.empty()) read.modified = std::string(component.value_of("DTSTAMP"));
  read.digest = digest_of(component);
  Event& event = read.event;
  event.ical_uid = read.uid;
  event.title = text_of(component, "SUMMARY");
  event.description = description_of(component);
  event.location = text_of(component, "LOCATION");
  event.status = status_of(component, cancelled);
  event.is_busy = event.status != Status::cancelled && !is_transparent(component);
  event.visibility = visibility_of(component);
  event.sequence = sequence_of(component);
  read_people(component, event);
  event.raw_payload = json::Writer().begin_object().put("ics", component.raw).end_object().text();
  if (!component.closed) {
    read.problem = "the file ends in the middle of it";
  } else if (auto times = read_times(component, zones, read); !times) {
    read.problem = times.error().message;
  }
  return read;
}

}  // namespace calsync::calendar
