// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/simulation/provider/truth.hpp"
#include "tests/simulation/world/mirrored_row.hpp"

namespace calsync::simulation {

bool Comparison::in_step(const Member& member, std::string* why) const {
  const auto say = [&](std::string what) {
    if (why) *why = member.account + ": " + std::move(what);
    return false;
  };
  const ConnectionRow* row = database_.tables().connections.find(member.connection);
  if (!row) return say("there is no connection");
  if (row->sync_needed || row->error_count > 0 || row->last_error || !row->last_synced_at)
    return say(fmt::format("sync_needed {}, error_count {}, last_error {}", row->sync_needed, row->error_count,
                           row->last_error.value_or("NULL")));
  if (const EventRow* waiting = to_be_tried_again(*row))
    return say("nobody has tried " + waiting->key.external_event_id + " again");
  if (const CalendarRow* noted = calendar_with_a_note(*row))
    return say("the calendar " + noted->external_calendar_id + " is said to fail: " + *noted->last_error);
  if (member.provider == "microsoft") return same_mailbox_rows(member, *row, say);
  Rows wanted;
  if (member.feed) {
    // A feed is one calendar, whatever it calls itself.
    const auto& calendars = database_.tables().calendars.rows();
    const auto mine = calendars.lower_bound({row->id, ""});
    const bool selected = mine == calendars.end() || mine->first.first != row->id || mine->second->selected;
    for (auto& [id, one] : member.feed->truth()) {
      if (selected) wanted.emplace(std::pair(std::string(), id), std::move(one));
    }
  } else {
    for (CalendarTruth& calendar : truth_of(provider_, member.grant.email)) {
      const CalendarRow* kept = database_.tables().calendars.find({row->id, calendar.calendar_id});
      if (!kept || kept->deleted_at) return say("the calendar " + calendar.calendar_id + " is not known");
      if (const std::string fault = calendar_fault(member, *kept); !fault.empty()) return say(fault);
      if (!kept->selected) continue;
      for (auto& [id, one] : calendar.rows) wanted.emplace(std::pair(calendar.calendar_id, id), std::move(one));
    }
  }
  return same_rows(member, *row, wanted, say);
}

/// What the mirror says of a calendar itself; its zone aside, which the list does not always tell.
std::string Comparison::calendar_fault(const Member& member, const CalendarRow& row) const {
  const emulator::CalendarListEntry* entry =
      provider_.provider.find_account(member.grant.email)->entry(row.external_calendar_id);
  const std::string& name = entry->summary_override.empty() ? entry->calendar->summary : entry->summary_override;
  const bool primary = row.external_calendar_id == member.grant.email;
  if (row.name == name && row.access_role == emulator::role_name(entry->role) && row.is_primary == primary) return {};
  return fmt::format("the calendar {} is '{}', {}{} instead of '{}', {}{}", row.external_calendar_id, row.name,
                     row.access_role, row.is_primary ? ", primary" : "", name, emulator::role_name(entry->role),
                     primary ? ", primary" : "");
}

/// An event that an operator has told to be read once more, and that no run has read since.
const EventRow* Comparison::to_be_tried_again(const ConnectionRow& row) const {
  const auto& events = database_.tables().events.rows();
  for (auto at = events.lower_bound({row.id, "", ""}); at != events.end() && at->first.connection_id == row.id; ++at) {
    const EventRow& one = *at->second;
    if (!one.deleted_at && one.sync_status == "CREATED" && !one.booking_id) return &one;
  }
  return nullptr;
}

/// A wanted calendar of which an error is told, although everything works.
const CalendarRow* Comparison::calendar_with_a_note(const ConnectionRow& row) const {
  const auto& calendars = database_.tables().calendars.rows();
  for (auto at = calendars.lower_bound({row.id, ""}); at != calendars.end() && at->first.first == row.id; ++at) {
    const CalendarRow& one = *at->second;
    if (one.selected && !one.deleted_at && one.access_role != "none" && one.last_error) return &one;
  }
  return nullptr;
}

/// What the provider knows of an event, for people who look for a bug.
std::string Comparison::known_of(const std::string& calendar, const std::string& event) const {
  const emulator::Calendar* place = provider_.provider.find_calendar(calendar);
  const emulator::Event* one = place ? place->find(event) : nullptr;
  if (!one) return "the provider does not know it";
  return fmt::format("change {} of {}, status {}, hidden {}, of series '{}'; calendar removed {}", one->change,
                     place->last_change(), static_cast<int>(one->status), one->hidden, one->recurring_event_id,
                     place->removed);
}

bool Comparison::same_rows(const Member& member, const ConnectionRow& row, Rows& wanted, const Say& say) const {
  const auto& events = database_.tables().events.rows();
  for (auto at = events.lower_bound({row.id, "", ""}); at != events.end() && at->first.connection_id == row.id; ++at) {
    if (at->second->deleted_at) continue;
    CanonicalRow got = canonical_row(*at->second);
    if (member.feed) got.etag.clear();
    const std::pair key(member.feed ? std::string() : at->first.external_calendar_id, at->first.external_event_id);
    const auto found = wanted.find(key);
    if (found == wanted.end())
      return say(fmt::format("a ghost: {} {} ({})", key.first, key.second, known_of(key.first, key.second)));
    if (!payloads_) got.raw_payload = found->second.raw_payload;
    if (!(got == found->second))
      return say(fmt::format("{} {}: {}", key.first, key.second, fmt::join(differences(got, found->second), "; ")));
    wanted.erase(found);
  }
  if (wanted.empty()) return true;
  return say("lost: " + wanted.begin()->first.first + " " + wanted.begin()->first.second);
}

}  // namespace calsync::simulation
