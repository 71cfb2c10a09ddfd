// SPDX-License-Identifier: Apache-2.0
#include "common/providers/microsoft/event_fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/calendar/unreadable.hpp"
#include "common/providers/microsoft/graph_time.hpp"

namespace calsync::microsoft {
namespace {

using calendar::Event;
using calendar::Status;

struct Word {
  std::string_view graph;
  std::string_view ours;
};
constexpr std::array responses{Word{"accepted", "accepted"}, Word{"organizer", "accepted"},
                               Word{"tentativelyAccepted", "tentative"}, Word{"declined", "declined"}};
constexpr std::array sensitivities{Word{"personal", "private"}, Word{"private", "private"},
                                   Word{"confidential", "confidential"}};

template <std::size_t N>
std::string translated(const std::array<Word, N>& words, std::string_view word, std::string_view otherwise) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const Word& one) { return same_word(one.graph, word); });
  return std::string(found == words.end() ? otherwise : found->ours);
}

/// none, notResponded and words that are not known: no answer.
std::string response_of(const json::Value& holder, const char* member) {
  const json::Value* status = json::object_at(holder, member);
  return translated(responses, status ? json::text_at(*status, "response") : "", "needsAction");
}

std::string address_of(const json::Value& holder, const char* field = "address") {
  const json::Value* address = json::object_at(holder, "emailAddress");
  return address ? json::text_at(*address, field) : std::string();
}

void read_people(const json::Value& item, Event& event) {
  if (const json::Value* organizer = json::object_at(item, "organizer")) event.organizer = address_of(*organizer);
  const json::Value* attendees = json::array_at(item, "attendees");
  if (!attendees) return;
  for (const json::Value& one : attendees->GetArray()) {
    if (!one.IsObject()) continue;
    calendar::Attendee attendee;
    attendee.email = address_of(one);
    attendee.name = address_of(one, "name");
    attendee.response = response_of(one, "status");
    attendee.optional = same_word(json::text_at(one, "type"), "optional");
    attendee.organizer = !attendee.email.empty() && same_word(attendee.email, event.organizer);
    event.attendees.push_back(std::move(attendee));
  }
}

Result<void> read_times(const json::Value& item, Event& event) {
  event.is_all_day = json::bool_at(item, "isAllDay").value_or(false);
  const std::string zone = known_zone(json::text_at(item, "originalStartTimeZone"));
  auto start = event.is_all_day ? parse_all_day(item, "start") : parse_timed(item, "start", zone);
  if (!start) return start.error();
  const std::string end_zone = known_zone(json::text_at(item, "originalEndTimeZone"));
  auto end =
      event.is_all_day ? parse_all_day(item, "end") : parse_timed(item, "end", end_zone.empty() ? zone : end_zone);
  if (!end) return end.error();
  const bool backwards = event.is_all_day ? *end->date < *start->date : *end->instant < *start->instant;
  if (backwards) return fail(Failure::malformed, "it ends before it starts");
  event.start = *std::move(start);
  event.end = *std::move(end);
  event.time_zone = event.start.time_zone;
  return {};
}

void read_status(const json::Value& item, Event& event) {
  const std::string shown = json::text_at(item, "showAs");
  const bool cancelled = json::bool_at(item, "isCancelled").value_or(false);
  const bool declined = response_of(item, "responseStatus") == "declined";
  if (same_word(shown, "tentative")) event.status = Status::tentative;
  if (cancelled) event.status = Status::cancelled;
  event.is_busy = !cancelled && !declined && !same_word(shown, "free") && !same_word(shown, "workingElsewhere");
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

std::string version_of(const json::Value& item, const std::string& raw) {
  for (const char* name : {"@odata.etag", "changeKey"}) {
    if (std::string version = json::text_at(item, name); !version.empty()) return version;
  }
  return calendar::raw_fingerprint(raw);
}

Result<Event> read_event(const json::Value& item, const std::string& raw) {
  Event event;
  event.external_event_id = json::text_at(item, "id");
  event.ical_uid = json::text_at(item, "iCalUId");
  event.title = json::text_at(item, "subject");
  if (const json::Value* body = json::object_at(item, "body")) event.description = json::text_at(*body, "content");
  if (const json::Value* place = json::object_at(item, "location"))
    event.location = json::text_at(*place, "displayName");
  event.visibility = translated(sensitivities, json::text_at(item, "sensitivity"), "default");
  event.etag = version_of(item, raw);
  event.raw_payload = raw;
  read_people(item, event);
  if (auto read = read_times(item, event); !read) return read.error();
  read_status(item, event);
  return event;
}

}  // namespace calsync::microsoft
