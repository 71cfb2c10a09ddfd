// SPDX-License-Identifier: Apache-2.0
#include "common/calendar/fingerprint.hpp"

#include "common/base/crypto.hpp"

namespace calsync::calendar {
namespace {

/// Fields with their lengths, so that moving a letter from one field to the next is a difference.
class Canonical {
 public:
  Canonical& add(std::string_view text) {
    text_ += std::to_string(text.size());
    text_ += ':';
    text_ += text;
    return *this;
  }
  Canonical& add(bool flag) { return add(flag ? std::string_view("1") : std::string_view("0")); }
  Canonical& add(const EventTime& time) {
    if (time.date) return add(format_date(*time.date));
    return add(time.instant ? format_rfc3339(*time.instant) : std::string()).add(time.time_zone);
  }
  Canonical& add(const std::vector<std::string>& lines) {
    add(std::to_string(lines.size()));
    for (const std::string& line : lines) add(line);
    return *this;
  }
  Canonical& add(const Attendee& attendee) {
    return add(attendee.email)
        .add(attendee.name)
        .add(attendee.response)
        .add(attendee.optional)
        .add(attendee.organizer)
        .add(attendee.self);
  }
  std::string digest() const { return sha256_hex(text_).substr(0, 32); }

 private:
  std::string text_;
};

}  // namespace

std::string fingerprint(const Event& event) {
  Canonical canonical;
  canonical.add(event.external_event_id)
      .add(event.ical_uid)
      .add(event.title)
      .add(event.description)
      .add(event.location);
  canonical.add(event.organizer).add(std::to_string(event.attendees.size()));
  for (const Attendee& attendee : event.attendees) canonical.add(attendee);
  canonical.add(event.start).add(event.end).add(event.is_all_day).add(event.time_zone).add(status_name(event.status));
  canonical.add(event.is_busy).add(event.visibility).add(event.recurrence).add(event.recurring_event_id);
  canonical.add(event.original_start).add(std::to_string(event.sequence));
  return canonical.digest();
}

std::string content_key(const Event& event) {
  Canonical canonical;
  canonical.add(event.start).add(event.end).add(event.title).add(event.recurrence).add(event.original_start);
  return canonical.digest();
}

}  // namespace calsync::calendar
