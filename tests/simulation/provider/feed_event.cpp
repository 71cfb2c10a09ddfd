// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/feed_event.hpp"

#include <fmt/format.h>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/json.hpp"
#include "tests/emulator/text.hpp"
#include "tests/emulator/zone.hpp"

namespace calsync::simulation {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string basic(const FeedTime& time) {
  if (time.is_date) return emulator::basic_date(time.wall);
  std::string text = emulator::basic_utc(time.wall);
  if (!time.zone.empty()) text.pop_back();
  return text;
}

/// ";TZID=Europe/Berlin:20260302T090000" and the like.
std::string placed(const FeedTime& time) {
  if (time.is_date) return ";VALUE=DATE:" + basic(time);
  if (time.floating) return ":" + basic(time);
  return time.zone.empty() ? ":" + basic(time) : ";TZID=" + time.zone + ":" + basic(time);
}

std::int64_t instant(const FeedTime& time, const std::string& feed_zone) {
  const std::string& zone = time.is_date ? feed_zone : time.zone;
  return zone.empty() ? time.wall : emulator::find_zone(zone)->to_utc(time.wall);
}

std::string instant_text(const FeedTime& time, const std::string& feed_zone) {
  std::string text;
  emulator::append_rfc3339(text, instant(time, feed_zone), 0);
  return text;
}

/// An event that begins in the hour which a clock change leaves out is as long as it looks, and one that says how long
/// it is lasts that long.
std::string end_text(const FeedEvent& event, const std::string& feed_zone) {
  const std::int64_t begins = instant(event.start, feed_zone);
  const std::int64_t ends = instant(event.end, feed_zone);
  const bool swallowed =
      !event.start.is_date && event.start.zone == event.end.zone && event.end.wall >= event.start.wall && ends < begins;
  std::string text;
  const bool by_duration = event.by_duration && !event.start.is_date;
  emulator::append_rfc3339(text, swallowed || by_duration ? begins + event.end.wall - event.start.wall : ends, 0);
  return text;
}

std::string date_text(const FeedTime& time) {
  std::string text;
  if (time.is_date) emulator::append_date(text, time.wall);
  return text;
}

std::string guest_line(const FeedGuest& guest) {
  std::string line = "ATTENDEE";
  if (!guest.name.empty()) line += ";CN=\"" + guest.name + '"';
  if (!guest.answer.empty()) line += ";PARTSTAT=" + guest.answer;
  if (guest.optional) line += ";ROLE=OPT-PARTICIPANT";
  return line + ":mailto:" + guest.email;
}

std::vector<std::string> recurrence_lines(const FeedEvent& event) {
  std::vector<std::string> lines;
  if (!event.rule.empty()) lines.push_back("RRULE:" + event.rule);
  for (const FeedTime& time : event.excluded) lines.push_back("EXDATE" + placed(time));
  return lines;
}

std::string duration_line(const FeedEvent& event) {
  const std::int64_t seconds = event.end.wall - event.start.wall;
  return event.start.is_date ? fmt::format("DURATION:P{}D", seconds / 86400)
                             : fmt::format("DURATION:PT{}M", seconds / 60);
}

/// Unfolded.
std::vector<std::string> lines_of(const FeedEvent& event) {
  std::vector<std::string> lines{"BEGIN:VEVENT", "UID:" + escaped(event.uid), "DTSTAMP:20260101T000000Z",
                                 fmt::format("SEQUENCE:{}", event.sequence)};
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) lines.push_back(std::string(name) + ":" + value);
  };
  if (event.is_exception) lines.push_back("RECURRENCE-ID" + placed(event.original));
  lines.push_back("DTSTART" + placed(event.start));
  lines.push_back(event.by_duration ? duration_line(event) : "DTEND" + placed(event.end));
  put("SUMMARY", escaped(event.title));
  put("DESCRIPTION", escaped(event.description));
  put("LOCATION", escaped(event.location));
  put("STATUS", event.status);
  put("TRANSP", event.transparency);
  put("CLASS", event.classification);
  if (!event.organizer.empty()) lines.push_back("ORGANIZER:mailto:" + event.organizer);
  for (const FeedGuest& guest : event.guests) lines.push_back(guest_line(guest));
  for (std::string& line : recurrence_lines(event)) lines.push_back(std::move(line));
  lines.push_back("END:VEVENT");
  return lines;
}

/// RFC 5545 section 3.1, without cutting a character in two.
void append_folded(std::string& out, std::string_view line) {
  constexpr std::size_t widest = 75;
  std::size_t room = widest;
  while (line.size() > room) {
    std::size_t cut = room;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) --cut;
    out.append(line.substr(0, cut)).append("\r\n ");
    line.remove_prefix(cut);
    room = widest - 1;
  }
  out.append(line).append("\r\n");
}

std::string visibility_of(const FeedEvent& event) {
  if (event.classification.empty()) return "default";
  return emulator::lower(event.classification);
}

std::string answer_of(const FeedGuest& guest) {
  if (guest.answer == "ACCEPTED" || guest.answer == "DECLINED" || guest.answer == "TENTATIVE")
    return emulator::lower(guest.answer);
  return "needsAction";
}

std::string guests_json(const FeedEvent& event) {
  std::string json = "[";
  for (const FeedGuest& guest : event.guests) {
    if (json.size() > 1) json += ',';
    emulator::ObjectWriter object(json);
    object.text("email", guest.email);
    object.text_unless_empty("name", guest.name);
    object.text("response", answer_of(guest));
    if (guest.optional) object.boolean("optional", true);
    if (guest.email == event.organizer) object.boolean("organizer", true);
  }
  return canonical_json(json + "]");
}

std::string payload_of(const FeedEvent& event) {
  std::string text, json;
  for (const std::string& line : lines_of(event)) text += line + "\r\n";
  {
    emulator::ObjectWriter object(json);
    object.text("ics", text);
  }
  return json;
}

}  // namespace

std::string ics_of(const FeedEvent& event) {
  std::string out;
  for (const std::string& line : lines_of(event)) append_folded(out, line);
  return out;
}

CanonicalRow expected_feed_row(const FeedEvent& event, const std::string& feed_zone) {
  CanonicalRow row;
  row.ical_uid = event.uid;
  row.external_event_id = event.uid;
  if (event.is_exception) {
    FeedTime utc = event.original;
    if (!utc.is_date) utc = {false, instant(event.original, feed_zone), {}};
    row.external_event_id += "/" + basic(utc);
    row.recurring_event_id = event.uid;
    row.original_start_time = instant_text(event.original, feed_zone);
  }
  row.title = event.title;
  row.description = event.description;
  row.location = event.location;
  row.organizer = event.organizer;
  row.attendees = guests_json(event);
  row.start_time = instant_text(event.start, feed_zone);
  row.end_time = end_text(event, feed_zone);
  row.is_all_day = event.start.is_date ? "true" : "false";
  row.start_date = date_text(event.start);
  row.end_date = date_text(event.end);
  row.time_zone = event.start.zone;
  row.status = event.status.empty() ? "confirmed" : emulator::lower(event.status);
  row.is_busy = row.status != "cancelled" && event.transparency != "TRANSPARENT" ? "true" : "false";
  row.visibility = visibility_of(event);
  for (const std::string& line : recurrence_lines(event)) row.recurrence += line + '\n';
  row.sequence = std::to_string(event.sequence);
  row.raw_payload = canonical_json(payload_of(event));
  return row;
}

}  // namespace calsync::simulation
