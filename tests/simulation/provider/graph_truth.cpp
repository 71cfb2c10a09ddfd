// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/graph_truth.hpp"

#include <fmt/format.h>

#include <set>

#include "tests/emulator/clock.hpp"
#include "tests/emulator/microsoft/graph_body_text.hpp"
#include "tests/emulator/microsoft/graph_event_json.hpp"
#include "tests/emulator/microsoft/graph_id.hpp"
#include "tests/emulator/recurrence.hpp"
#include "tests/simulation/provider/canonical_json.hpp"

namespace calsync::simulation {
namespace {

namespace graph = emulator::microsoft;
using emulator::equal_ignoring_case;
using emulator::JsonValue;
using emulator::string_member;

constexpr std::int64_t day_seconds = 86400;

std::string utc_text(std::int64_t seconds) {
  std::string text;
  emulator::append_rfc3339(text, seconds, 0);
  return text;
}

std::string date_text(std::int64_t seconds) {
  std::string text;
  emulator::append_date(text, seconds);
  return text;
}

std::string answer_of(std::string_view word) {
  if (word == "organizer") return "accepted";
  if (word == "tentativelyAccepted") return "tentative";
  return word == "accepted" || word == "declined" ? std::string(word) : "needsAction";
}

std::string organizer_of(const graph::Item& item, const graph::Content& content) {
  return content.organizer_address.empty() ? item.folder->mailbox.email : content.organizer_address;
}

std::string guests_of(const graph::Content& content, const std::string& organizer) {
  emulator::Json guests;
  if (!emulator::parse_json(content.attendees, guests)) return "[]";
  std::string json = "[";
  for (const JsonValue& one : guests.GetArray()) {
    if (json.size() > 1) json += ',';
    const JsonValue& address = *emulator::member(one, "emailAddress");
    const JsonValue* status = emulator::member(one, "status");
    const std::string_view email = string_member(address, "address");
    emulator::ObjectWriter guest(json);
    guest.text("email", email);
    guest.text_unless_empty("name", string_member(address, "name"));
    guest.text("response", answer_of(status ? string_member(*status, "response") : ""));
    if (string_member(one, "type") == "optional") guest.boolean("optional", true);
    if (equal_ignoring_case(email, organizer)) guest.boolean("organizer", true);
  }
  return canonical_json(json + "]");
}

std::string place_of(const graph::Content& content) {
  emulator::Json place;
  if (content.location.empty() || !emulator::parse_json(content.location, place)) return {};
  return std::string(string_member(place, "displayName"));
}

std::string privacy_of(std::string_view sensitivity) {
  if (sensitivity == "personal" || sensitivity == "private") return "private";
  return sensitivity == "confidential" ? "confidential" : "default";
}

bool blocks_time(const graph::Content& content) {
  return !content.cancelled && content.response != "declined" && content.show_as != "free" &&
         content.show_as != "workingElsewhere";
}

/// Without the members that tell how an item was asked for.
std::string bare_payload(std::string json) {
  for (const std::string_view name : {R"("@odata.context":")", R"("@odata.type":")"}) {
    const std::size_t at = json.find(name);
    if (at != json.npos) json.erase(at, json.find('"', at + name.size()) + 2 - at);
  }
  return json;
}

std::string payload_of(const graph::Item& item, std::optional<std::int64_t> day, const graph::Switches& switches) {
  const graph::Preferences preferences{emulator::utc_zone(), "UTC", true, true, 0, {}};
  std::string json;
  graph::append_event(json, graph::EventView{preferences, switches}, item, day);
  return bare_payload(canonical_json(json));
}

bool counts(std::int64_t slot, const GraphWindow& window) {
  return slot >= window.first + day_seconds && slot < window.last - day_seconds;
}

std::string slots_text(const std::set<std::int64_t>& slots) {
  return fmt::format("{} occurrences: {}\n", slots.size(), fmt::join(slots, " "));
}

/// Where an occurrence stands in its series: an instant, or a date's midnight read as UTC.
std::int64_t slot_of(const graph::Item& item, std::int64_t day) {
  const graph::Span planned = graph::planned_span(item, day);
  return item.content.all_day ? planned.start.local : planned.first();
}

CanonicalRow row_of(const graph::Item& item, std::optional<std::int64_t> day, const graph::Switches& switches) {
  const graph::Content& content = day ? item.exceptions.at(*day).content : item.content;
  CanonicalRow row;
  row.external_event_id = graph::item_id(*item.folder, item, true, day);
  row.ical_uid = without_nul(graph::ical_uid_of(item, day));
  row.title = without_nul(content.subject);
  row.description = without_nul(content.body_type == "html" ? graph::text_of_html(content.body) : content.body);
  row.location = without_nul(place_of(content));
  row.organizer = organizer_of(item, content);
  row.attendees = guests_of(content, row.organizer);
  const graph::Span span = graph::span_of(item, day);
  row.is_all_day = content.all_day ? "true" : "false";
  // Graph's calendars have no zone of their own: dates begin at midnight in UTC.
  row.start_time = utc_text(content.all_day ? span.start.local : span.first());
  row.end_time = utc_text(content.all_day ? span.end.local : span.last());
  if (content.all_day) {
    row.start_date = date_text(span.start.local);
    row.end_date = date_text(span.end.local);
  } else {
    row.time_zone = graph::windows_name(span.start.zone);
  }
  row.status = content.cancelled ? "cancelled" : content.show_as == "tentative" ? "tentative" : "confirmed";
  row.is_busy = blocks_time(content) ? "true" : "false";
  row.visibility = privacy_of(content.sensitivity);
  row.etag = graph::etag_of(item, day);
  row.raw_payload = payload_of(item, day, switches);
  if (day) {
    row.recurring_event_id = graph::item_id(*item.folder, item, true);
    row.original_start_time = utc_text(slot_of(item, *day));
  }
  return row;
}

void add_rows(const graph::Item& item, const GraphWindow& window, const graph::Switches& switches,
              std::map<std::string, CanonicalRow>& rows) {
  std::vector<graph::Instance> instances;
  graph::append_instances(item, window, switches.graph_month_end != "skip", instances);
  if (instances.empty()) return;
  const auto add = [&](CanonicalRow row) { rows.emplace(row.external_event_id, std::move(row)); };
  CanonicalRow first = row_of(item, std::nullopt, switches);
  std::set<std::int64_t> slots;
  for (const graph::Instance& one : instances) {
    if (!one.day) continue;
    if (const std::int64_t slot = slot_of(item, *one.day); counts(slot, window)) slots.insert(slot);
    if (item.exceptions.contains(*one.day)) add(row_of(item, one.day, switches));
  }
  if (item.is_series()) first.recurrence = slots_text(slots);
  add(std::move(first));
}

std::string windows_zone(const std::string& name) {
  const emulator::Zone* zone = emulator::find_zone(name);
  return zone ? graph::windows_name(zone) : name;
}

/// The occurrences that the lines of a row's recurrence have, by the expansion that Google's half of the emulator uses.
std::string meaning_of(const CanonicalRow& row, const GraphWindow& window) {
  std::vector<std::string> lines;
  for (const std::string_view line : emulator::split(row.recurrence, '\n'))
    if (!line.empty()) lines.emplace_back(line);
  emulator::EventTime start;
  if (row.start_date.empty()) {
    const auto time = emulator::parse_rfc3339(row.start_time);
    const emulator::Zone* zone = emulator::find_zone(row.time_zone);
    start = {emulator::EventTime::Kind::timed, time ? time->local_seconds : 0, zone ? zone : emulator::utc_zone()};
  } else {
    start = {emulator::EventTime::Kind::date, emulator::parse_date(row.start_date).value_or(0), emulator::utc_zone()};
  }
  const emulator::ExpansionWindow range{window.first + day_seconds, window.last - day_seconds - 1, 20000};
  const auto times = emulator::occurrences(start, lines, range);
  return slots_text({times.begin(), times.end()});
}

}  // namespace

std::vector<std::string> mailbox_calendars(EmulatedWorld& world, std::string_view email) {
  std::vector<std::string> ids;
  for (const graph::Listing& one : world.provider.microsoft.find(email)->listings)
    if (!one.folder->removed) ids.push_back(one.folder->id);
  return ids;
}

graph::Folder* mailbox_folder(EmulatedWorld& world, std::string_view email, std::string_view calendar_id) {
  graph::Mailbox* mailbox = world.provider.microsoft.find(email);
  graph::Listing* listing = mailbox ? mailbox->listing(calendar_id) : nullptr;
  return listing ? listing->folder : nullptr;
}

std::optional<GraphPosition> position_in(std::string_view cursor) {
  constexpr std::string_view name = "$deltatoken=";
  const std::size_t at = cursor.find(name);
  if (at == cursor.npos) return std::nullopt;
  const std::string_view rest = cursor.substr(at + name.size());
  return graph::decode_delta_token(rest.substr(0, rest.find_first_of("\"&\\")));
}

std::string window_fault(const GraphWindow& window, Time now) {
  const std::int64_t today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  const std::int64_t back = today - window.first / day_seconds;
  // Yesterday's is in order, and who has the wrong time by an hour may be in tomorrow.
  const bool good =
      window.first % day_seconds == 0 && back >= 30 && back <= 32 && window.last - window.first == 431 * day_seconds;
  return good ? "" : fmt::format("its window is from {} to {}", utc_text(window.first), utc_text(window.last));
}

CalendarTruth graph_truth(EmulatedWorld& world, const graph::Folder& folder, const GraphWindow& window) {
  CalendarTruth truth{folder.id, {}, {}, {}};
  for (const auto& [change, item] : folder.order())
    if (!folder.trace(*item)->gone) add_rows(*item, window, world.provider.settings.microsoft, truth.rows);
  return truth;
}

CanonicalRow graph_row(CanonicalRow row, const GraphWindow& window) {
  if (!row.recurrence.empty()) row.recurrence = meaning_of(row, window);
  row.time_zone = windows_zone(row.time_zone);
  row.etag = row.etag.substr(0, row.etag.find(' '));
  row.raw_payload = bare_payload(std::move(row.raw_payload));
  return row;
}

}  // namespace calsync::simulation
