// SPDX-License-Identifier: Apache-2.0
#include "calendar.hpp"

#include <algorithm>

#include "clock.hpp"

namespace calsync::emulator {

Calendar::Calendar(std::string calendar_id, std::string title, const Zone* calendar_zone, std::string owner)
    : id(std::move(calendar_id)),
      summary(std::move(title)),
      data_owner(std::move(owner)),
      zone(calendar_zone),
      etag(next_etag()),
      updated_ms(now_ms()) {}

Event* Calendar::find(std::string_view event_id) const {
  const auto found = by_id_.find(event_id);
  return found == by_id_.end() ? nullptr : found->second;
}

Event& Calendar::add(std::unique_ptr<Event> added) {
  Event& event = *events_.emplace_back(std::move(added));
  event.position = events_.size() - 1;
  if (event.created_ms == 0) event.created_ms = now_ms();
  by_id_.emplace(event.id, &event);
  by_uid_.emplace(event.ical_uid, &event);
  if (event.is_exception()) exceptions_[event.recurring_event_id].push_back(&event);
  touch(event);
  return event;
}

void Calendar::touch(Event& event, bool moves_updated) {
  if (event.change != 0) changes_.erase(event.change);
  event.change = ++last_change_;
  changes_.emplace_hint(changes_.end(), event.change, &event);
  event.etag = next_etag();
  etag = event.etag;
  updated_ms = now_ms();
  if (moves_updated) event.updated_ms = updated_ms;
  keep_version(event);
  if (marks) marks->calendars.emplace(id);
}

void Calendar::cancel(Event& event) {
  event.status = Event::Status::cancelled;
  touch(event);
  if (!event.is_exception())
    for (Event* exception : exceptions_of(event.id)) hide(*exception);
}

void Calendar::hide(Event& event) {
  event.hidden = true;
  event.status = Event::Status::cancelled;
  if (event.change != 0) changes_.erase(event.change);
  event.change = 0;
  keep_version(event);
}

void Calendar::settle_revived(Event& event) {
  const std::vector<Event*> exceptions = exceptions_of(event.id);
  for (Event* exception : exceptions) {
    if (!exception->hidden) continue;
    exception->hidden = false;
    touch(*exception);
  }
}

void Calendar::keep_version(const Event& event) {
  if (!kept_versions || *kept_versions <= 0) return;
  versions_.push_back({last_change_, event});
  while (versions_.size() > static_cast<std::size_t>(*kept_versions)) versions_.pop_front();
}

std::unique_ptr<Calendar> Calendar::as_of(std::uint64_t change) const {
  auto past = std::make_unique<Calendar>(id, summary, zone, data_owner);
  past->description = description;
  past->primary = primary;
  past->last_change_ = change;
  StringMap<const Event*> older;  // the latest version that is old enough; null: there is none, it was made later
  for (const EventVersion& version : versions_) {
    const Event*& found = older[version.event.id];
    if (version.change <= change) found = &version.event;
  }
  for (const auto& event : events_) {
    const auto version = older.find(event->id);
    auto copy = std::make_unique<Event>(version != older.end() && version->second ? *version->second : *event);
    copy->hidden |= version != older.end() && !version->second;
    past->put_back(std::move(copy));
  }
  return past;
}

// As `add`, but nothing is changed by it.
void Calendar::put_back(std::unique_ptr<Event> kept) {
  Event& event = *events_.emplace_back(std::move(kept));
  event.position = events_.size() - 1;
  if (event.hidden) event.change = 0;
  by_id_.emplace(event.id, &event);
  by_uid_.emplace(event.ical_uid, &event);
  if (event.is_exception()) exceptions_[event.recurring_event_id].push_back(&event);
  if (event.change != 0) changes_.emplace(event.change, &event);
}

const std::vector<Event*>& Calendar::exceptions_of(std::string_view master_id) const {
  static const std::vector<Event*> none;
  const auto found = exceptions_.find(master_id);
  return found == exceptions_.end() ? none : found->second;
}

Event* Calendar::exception_at(std::string_view master_id, const EventTime& original) const {
  for (Event* exception : exceptions_of(master_id))
    if (!exception->hidden && exception->original.kind == original.kind &&
        exception->original.seconds == original.seconds)
      return exception;
  return nullptr;
}

std::vector<Event*> Calendar::with_uid(std::string_view uid) const {
  std::vector<Event*> found;
  const auto [first, last] = by_uid_.equal_range(uid);
  for (auto it = first; it != last; ++it) found.push_back(it->second);
  std::ranges::sort(found, {}, &Event::position);
  return found;
}

std::size_t Calendar::live_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(events_, [](const auto& event) { return !event->cancelled(); }));
}

void Calendar::clear() {
  changes_.clear();
  by_uid_.clear();
  by_id_.clear();
  exceptions_.clear();
  events_.clear();
  versions_.clear();
  etag = next_etag();
}

}  // namespace calsync::emulator
