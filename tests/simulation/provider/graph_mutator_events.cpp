// SPDX-License-Identifier: Apache-2.0
// What happens to events, series and calendars of mailboxes.
#include <fmt/format.h>

#include "tests/emulator/microsoft/graph_id.hpp"
#include "tests/emulator/microsoft/series.hpp"
#include "tests/simulation/provider/event_draft.hpp"
#include "tests/simulation/provider/graph_draft.hpp"
#include "tests/simulation/provider/graph_mutator.hpp"

namespace calsync::simulation {
namespace {

namespace graph = emulator::microsoft;

constexpr std::int64_t day_seconds = 86400;
constexpr std::size_t most_calendars = 4;

bool is_single(const graph::Item& item) { return !item.is_series(); }
bool is_any(const graph::Item&) { return true; }

}  // namespace

bool GraphMutator::insert_timed() { return insert(graph_draft_timed(dice_, world_.now())); }
bool GraphMutator::insert_all_day() { return insert(graph_draft_all_day(dice_, world_.now())); }
bool GraphMutator::insert_series() { return insert(graph_draft_series(dice_, world_.now(), false)); }
bool GraphMutator::insert_all_day_series() { return insert(graph_draft_series(dice_, world_.now(), true)); }
bool GraphMutator::insert_at_clock_change() {
  return insert(graph_draft_at_clock_change(dice_, world_.now(), dice_.chance(0.5)));
}
bool GraphMutator::insert_unicode() { return insert(graph_draft_unicode(dice_, world_.now())); }

bool GraphMutator::burst() {
  return order("POST", "/control/microsoft/events/burst", place(),
               fmt::format(R"("count":{},"seed":{})", dice_.between(3, 15), dice_.between(1, 1000000)));
}

bool GraphMutator::edit_words() { return patch(some_item(is_any), graph_change_of_words(dice_)); }

bool GraphMutator::edit_time() {
  const std::int64_t start = now_seconds() + dice_.between(-7, 14) * day_seconds;
  return patch(some_item(is_single), graph_change_of_time(dice_, start - start % 900, dice_.chance(0.2)));
}

/// Or comes back into it.
bool GraphMutator::leave_window() {
  const std::int64_t start = now_seconds() + (dice_.chance(0.5) ? 500 : -70) * day_seconds;
  return patch(some_item(is_single), graph_change_of_time(dice_, start - start % 900, dice_.chance(0.2)));
}

bool GraphMutator::delete_single() { return remove(some_item(is_single)); }
bool GraphMutator::delete_series() { return remove(some_series()); }

bool GraphMutator::move_to_calendar() {
  const Found found = some_item(is_any);
  if (!found) return false;
  std::vector<const graph::Folder*> others;
  for (const auto& folder : found.item->folder->mailbox.folders())
    if (!folder->removed && folder.get() != found.item->folder) others.push_back(folder.get());
  if (others.empty()) return false;
  return order("POST", "/control/microsoft/events/move", found.place,
               fmt::format(R"("event_id":"{}","destination":"{}")",
                           graph::item_id(*found.item->folder, *found.item, true), dice_.pick(others)->id));
}

bool GraphMutator::edit_series() { return patch(some_series(), graph_change_of_words(dice_)); }

bool GraphMutator::change_rule() {
  const Found found = some_series();
  return found && patch(found, graph_change_of_rule(dice_, found.item->content.start.local));
}

bool GraphMutator::change_zone() {
  const Found found = some_item([](const Item& item) { return !item.content.all_day; });
  if (!found) return false;
  const graph::Content& content = found.item->content;
  return patch(found, graph_change_of_zone(dice_, content.start.local, content.end.utc() - content.start.utc()));
}

bool GraphMutator::become_single() { return patch(some_series(), R"({"recurrence":null})"); }

bool GraphMutator::become_series() {
  const Found found = some_item(is_single);
  return found && patch(found, graph_change_of_rule(dice_, found.item->content.start.local));
}

bool GraphMutator::change_occurrence() {
  const Found found = some_series();
  const auto day = found ? some_day(*found.item) : std::nullopt;
  return day && patch(found, *day, graph_change_of_words(dice_));
}

bool GraphMutator::move_occurrence() {
  const Found found = some_series();
  const auto day = found ? some_day(*found.item) : std::nullopt;
  if (!day) return false;
  const std::int64_t start = *day * day_seconds + dice_.between(-24, 48) * 3600;
  return patch(found, *day, graph_change_of_time(dice_, start, found.item->content.all_day));
}

/// Out of the window that is mirrored.
bool GraphMutator::move_occurrence_far() {
  const Found found = some_series();
  const auto day = found ? some_day(*found.item) : std::nullopt;
  if (!day) return false;
  const std::int64_t start = (*day + (dice_.chance(0.5) ? 600 : -200)) * day_seconds;
  return patch(found, *day, graph_change_of_time(dice_, start, found.item->content.all_day));
}

bool GraphMutator::remove_occurrence() {
  const Found found = some_series();
  const auto day = found ? some_day(*found.item) : std::nullopt;
  return day && order("POST", "/control/microsoft/events/cancel", found.place,
                      fmt::format(R"("event_id":"{}")", graph::item_id(*found.item->folder, *found.item, true, *day)));
}

/// By its organizer: it stays, and says that it is cancelled.
bool GraphMutator::call_off_occurrence() {
  const Found found = some_series();
  const auto day = found ? some_day(*found.item) : std::nullopt;
  return day && patch(found, *day, R"({"isCancelled":true})");
}

bool GraphMutator::add_calendar() {
  const Grant& grant = dice_.pick(grants_);
  if (world_.provider.microsoft.find(grant.email)->listings.size() >= most_calendars) return false;
  return world_
             .try_call("POST", "/control/microsoft/calendars",
                       fmt::format(R"({{"email":"{}","name":"Calendar {}"}})", grant.email, ++calendars_made_))
             .status == 200;
}

bool GraphMutator::remove_calendar() {
  const Place at = place();
  return !at.folder->standard && order("DELETE", "/control/microsoft/calendars", at, {});
}

bool GraphMutator::rename_calendar() {
  return order("PATCH", "/control/microsoft/calendars", place(), fmt::format(R"("name":"{}")", words(dice_)));
}

bool GraphMutator::share_calendar() {
  const Place at = place();
  const Grant& guest = dice_.pick(grants_);
  graph::Mailbox& mailbox = *world_.provider.microsoft.find(guest.email);
  if (at.folder->mailbox.email == guest.email || mailbox.listing(at.folder->id) ||
      mailbox.listings.size() >= most_calendars)
    return false;
  return order("POST", "/control/microsoft/calendars/share", at,
               fmt::format(R"("with":"{}","can_edit":{})", guest.email, dice_.chance(0.5)));
}

}  // namespace calsync::simulation
