// SPDX-License-Identifier: Apache-2.0
#include "common/providers/google/google_event_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/json.hpp"
#include "common/base/json_slices.hpp"
#include "common/calendar/unreadable.hpp"
#include "common/providers/google/google_event_time.hpp"

namespace calsync::google {
namespace {

using calendar::Event;
using calendar::EventChange;
using calendar::EventRemoved;
using calendar::EventUnreadable;
using calendar::Status;

/// Reads one item that is a JSON object with an id.
class ItemReader {
 public:
  ItemReader(const json::Value& item, const std::string& raw, std::string_view calendar_zone)
      : item_(item), raw_(raw), calendar_zone_(calendar_zone) {}

  EventChange read() const {
    const std::string id = json::text_at(item_, "id");
    if (id.empty()) return unreadable(fail(Failure::malformed, "it has no id"));
    for (const char* name : {"status", "recurringEventId"}) {
      const json::Value* field = json::member(item_, name);
      if (field && !field->IsString())
        return unreadable(fail(Failure::malformed, fmt::format("its {} is not text", name)));
    }
    const bool cancelled = json::text_at(item_, "status") == "cancelled";
    if (cancelled && master_id().empty()) return EventRemoved{id};
    Result<Event> event = cancelled ? cancelled_occurrence() : live_event();
    if (!event) return unreadable(event.error());
    return *std::move(event);
  }

 private:
  std::string master_id() const { return json::text_at(item_, "recurringEventId"); }

  std::string etag() const {
    const auto given = json::string_at(item_, "etag");
    return given && !given->empty() ? *given : calendar::raw_fingerprint(raw_);
  }

  EventUnreadable unreadable(const Error& why) const {
    std::string id = json::text_at(item_, "id");
    if (id.empty()) id = calendar::made_up_id(raw_);
    return {std::move(id), json::text_at(item_, "iCalUID"), "an event cannot be understood: " + why.message, raw_,
            etag()};
  }

  /// What every kind of event has.
  Event identified() const {
    Event event;
    event.external_event_id = json::text_at(item_, "id");
    event.ical_uid = json::text_at(item_, "iCalUID");
    event.recurring_event_id = master_id();
    event.visibility = json::string_at(item_, "visibility").value_or("default");
    event.sequence = json::int_at(item_, "sequence").value_or(0);
    event.etag = etag();
    event.raw_payload = raw_;
    return event;
  }

  Result<void> read_original_start(Event& event) const {
    auto original = parse_event_time(item_, "originalStartTime", calendar_zone_);
    if (!original) return original.error();
    event.original_start = *std::move(original);
    return {};
  }

  /// Google guarantees id, status, recurringEventId and originalStartTime here, so nothing else is looked at.
  Result<Event> cancelled_occurrence() const {
    Event event = identified();
    event.status = Status::cancelled;
    event.is_busy = false;
    if (auto read = read_original_start(event); !read) return read.error();
    event.is_all_day = event.original_start.date.has_value();
    event.time_zone = event.original_start.time_zone;
    return event;
  }

  Result<Event> live_event() const {
    Event event = identified();
    event.status = json::text_at(item_, "status") == "tentative" ? Status::tentative : Status::confirmed;
    event.title = json::text_at(item_, "summary");
    event.description = json::text_at(item_, "description");
    event.location = json::text_at(item_, "location");
    if (const json::Value* organizer = json::object_at(item_, "organizer"))
      event.organizer = json::text_at(*organizer, "email");
    read_attendees(event);
    if (auto read = read_times(event); !read) return read.error();
    if (auto read = event.recurring_event_id.empty() ? read_recurrence(event) : read_original_start(event); !read) {
      return read.error();
    }
    event.is_busy = blocks_time(event);
    return event;
  }

  Result<void> read_times(Event& event) const {
    auto start = parse_event_time(item_, "start", calendar_zone_);
    if (!start) return start.error();
    auto end = parse_event_time(item_, "end", calendar_zone_);
    if (!end) return end.error();
    if (start->date.has_value() != end->date.has_value()) {
      return fail(Failure::malformed, "one of its start and end is a date and the other a date-time");
    }
    const bool backwards = start->date ? *end->date < *start->date : *end->instant < *start->instant;
    if (backwards) return fail(Failure::malformed, "it ends before it starts");
    event.start = *std::move(start);
    event.end = *std::move(end);
    event.is_all_day = event.start.date.has_value();
    event.time_zone = event.start.time_zone;
    return {};
  }

  Result<void> read_recurrence(Event& event) const {
    const json::Value* lines = json::member(item_, "recurrence");
    if (!lines) return {};
    if (!lines->IsArray()) return fail(Failure::malformed, "its recurrence is not a list");
    for (const json::Value& line : lines->GetArray()) {
      if (!line.IsString()) return fail(Failure::malformed, "a line of its recurrence is not text");
      event.recurrence.emplace_back(line.GetString(), line.GetStringLength());
    }
    return {};
  }

  void read_attendees(Event& event) const {
    const json::Value* attendees = json::array_at(item_, "attendees");
    if (!attendees) return;
    for (const json::Value& one : attendees->GetArray()) {
      if (!one.IsObject()) continue;
      event.attendees.push_back({json::text_at(one, "email"), json::text_at(one, "displayName"),
                                 json::string_at(one, "responseStatus").value_or("needsAction"),
                                 json::bool_at(one, "optional").value_or(false),
                                 json::bool_at(one, "organizer").value_or(false),
                                 json::bool_at(one, "self").value_or(false)});
    }
  }

  bool blocks_time(const Event& event) const {
    if (json::text_at(item_, "transparency") == "transparent") return false;
    if (json::text_at(item_, "eventType") == "workingLocation") return false;
    return std::none_of(event.attendees.begin(), event.attendees.end(),
                        [](const calendar::Attendee& one) { return one.self && one.response == "declined"; });
  }

  const json::Value& item_;
  const std::string& raw_;
  std::string_view calendar_zone_;
};

}  // namespace

EventChange parse_event(std::string_view item, std::string_view calendar_zone) {
  const std::string raw = json::without_nul_escapes(item);
  const auto parsed = json::parse(raw);
  if (!parsed) return calendar::broken_item(raw, "an event cannot be understood: " + parsed.error().message);
  if (json::has_absurd_number(raw))
    return calendar::broken_item(raw, "an event cannot be understood: a number in it is out of range");
  if (!parsed->IsObject()) return calendar::broken_item(raw, "an event cannot be understood: it is not an object");
  return ItemReader(*parsed, raw, calendar_zone).read();
}

}  // namespace calsync::google
