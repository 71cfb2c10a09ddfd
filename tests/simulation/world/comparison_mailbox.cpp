// SPDX-License-Identifier: Apache-2.0
// Whether the mirror of a mailbox is in step.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/sync/cursor.hpp"
#include "tests/simulation/provider/graph_truth.hpp"
#include "tests/simulation/world/comparison.hpp"
#include "tests/simulation/world/mirrored_row.hpp"

namespace calsync::simulation {
namespace {

/// What the mirror says of a calendar itself.
std::string mailbox_calendar_fault(EmulatedWorld& provider, const std::string& email, const CalendarRow& row) {
  emulator::microsoft::Mailbox& mailbox = *provider.provider.microsoft.find(email);
  const emulator::microsoft::Listing& listing = *mailbox.listing(row.external_calendar_id);
  const bool own = &listing.folder->mailbox == &mailbox;
  const std::string role = own ? "owner" : listing.can_edit ? "writer" : "reader";
  const bool primary = own && listing.folder->standard;
  if (row.name == listing.folder->name && row.access_role == role && row.is_primary == primary) return {};
  return fmt::format("the calendar {} is '{}', {}, primary {} instead of '{}', {}, primary {}",
                     row.external_calendar_id, row.name, row.access_role, row.is_primary, listing.folder->name, role,
                     primary);
}

}  // namespace

bool Comparison::same_mailbox_rows(const Member& member, const ConnectionRow& row, const Say& say) const {
  Rows wanted;
  std::map<std::string, GraphWindow> windows;
  const sync::Cursor cursor = sync::parse_cursor(row.sync_cursor.value_or(""));
  for (const std::string& id : mailbox_calendars(provider_, member.grant.email)) {
    const CalendarRow* kept = database_.tables().calendars.find({row.id, id});
    if (!kept || kept->deleted_at) return say("the calendar " + id + " is not known");
    if (const std::string fault = mailbox_calendar_fault(provider_, member.grant.email, *kept); !fault.empty())
      return say(fault);
    if (!kept->selected) continue;
    const auto position = cursor.calendars.find(id);
    const auto known = position == cursor.calendars.end() ? std::nullopt : position_in(position->second.token);
    if (!known) return say("the calendar " + id + " has no position");
    if (std::string fault = window_fault(known->window, database_.now()); !fault.empty())
      return say("the calendar " + id + ": " + fault);
    windows[id] = known->window;
    const auto* folder = mailbox_folder(provider_, member.grant.email, id);
    for (auto& [event, one] : graph_truth(provider_, *folder, known->window).rows)
      wanted.emplace(std::pair(id, event), std::move(one));
  }
  const auto& events = database_.tables().events.rows();
  for (auto at = events.lower_bound({row.id, "", ""}); at != events.end() && at->first.connection_id == row.id; ++at) {
    if (at->second->deleted_at) continue;
    const std::pair key(at->first.external_calendar_id, at->first.external_event_id);
    const auto found = wanted.find(key);
    if (found == wanted.end()) return say(fmt::format("a ghost: {} {}", key.first, key.second));
    const CanonicalRow& truth = found->second;
    const CanonicalRow got = graph_row(canonical_row(*at->second), windows[key.first]);
    if (!(got == truth))
      return say(fmt::format("{} {}: {}", key.first, key.second, fmt::join(differences(got, truth), "; ")));
    wanted.erase(found);
  }
  if (wanted.empty()) return true;
  return say("lost: " + wanted.begin()->first.first + " " + wanted.begin()->first.second);
}

}  // namespace calsync::simulation
