// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "event.hpp"
#include "resource_marks.hpp"
#include "seed.hpp"
#include "text.hpp"

namespace calsync::emulator {

// An event as it was right after a change.
struct EventVersion {
  std::uint64_t change = 0;
  Event event;
};

// Several accounts may see one calendar; their views of it are CalendarListEntry values.
class Calendar {
 public:
  Calendar(std::string id, std::string summary, const Zone* zone, std::string data_owner);

  const std::string id;
  std::string summary, description, location, data_owner;
  const Zone* zone;
  bool primary = false;
  bool removed = false;  // deleted by its owner: on nobody's list, and stays so
  std::uint64_t etag;
  std::int64_t updated_ms;
  ResourceMarks* marks = nullptr;               // told of every change; null for a draft
  const std::int64_t* kept_versions = nullptr;  // how many versions to keep for replicas that lag; null: none

  Event* find(std::string_view event_id) const;
  Event& add(std::unique_ptr<Event> event);  // the id must be free
  // Every change of an event ends with this: new etag, last place in the order of changes.
  void touch(Event& event, bool moves_updated = true);
  void cancel(Event& event);  // of a master: hides its exceptions
  void hide(Event& event);
  // A cancelled event lives again. What went with it is cancelled from now on: who still has it must learn that.
  void settle_revived(Event& event);

  const std::vector<std::unique_ptr<Event>>& events() const { return events_; }
  const std::map<std::uint64_t, Event*>& changes() const { return changes_; }  // each event once, at its latest change
  std::uint64_t last_change() const { return last_change_; }
  const std::vector<Event*>& exceptions_of(std::string_view master_id) const;
  Event* exception_at(std::string_view master_id, const EventTime& original) const;
  std::vector<Event*> with_uid(std::string_view uid) const;
  std::size_t live_count() const;
  void clear();
  const std::deque<EventVersion>& versions() const { return versions_; }  // the latest ones, in order
  // A copy as it was after that change, which must not be older than the versions.
  std::unique_ptr<Calendar> as_of(std::uint64_t change) const;

 private:
  void keep_version(const Event& event);
  void put_back(std::unique_ptr<Event> kept);

  std::vector<std::unique_ptr<Event>> events_;
  StringMap<Event*> by_id_;
  StringMap<std::vector<Event*>> exceptions_;
  std::unordered_multimap<std::string, Event*, StringHash, std::equal_to<>> by_uid_;
  std::map<std::uint64_t, Event*> changes_;
  std::uint64_t last_change_ = 0;
  std::deque<EventVersion> versions_;
};

}  // namespace calsync::emulator
