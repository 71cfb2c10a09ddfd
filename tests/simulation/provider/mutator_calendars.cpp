// SPDX-License-Identifier: Apache-2.0
// What happens to whole calendars.
#include <fmt/format.h>

#include <array>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/event_draft.hpp"
#include "tests/simulation/provider/mutator.hpp"

namespace calsync::simulation {
namespace {

constexpr std::size_t most_calendars = 6;

std::string wanted(std::string_view email, std::string_view id, std::string_view title, std::string_view role) {
  std::string body;
  {
    emulator::ObjectWriter object(body);
    object.text("email", email);
    object.text("id", id);
    object.text_unless_empty("summary", title);
    object.text("accessRole", role);
  }
  return body;
}

}  // namespace

bool Mutator::add_calendar() {
  const Grant& grant = dice_.pick(grants_);
  if (world_.provider.find_account(grant.email)->entries().size() >= most_calendars) return false;
  const std::string id = fmt::format("c_{}@group.calendar.google.com", ++calendars_made_);
  return world_.try_call("POST", "/control/calendars", wanted(grant.email, id, words(dice_), "owner")).status == 200;
}

/// Off the list, as after unsubscribing; share_calendar may bring it back.
bool Mutator::remove_calendar() {
  const Place at = place();
  return !at.calendar().primary && order("DELETE", "/control/calendars", at, {});
}

/// A calendar comes (back) onto a list: one that was removed, or one of another account.
bool Mutator::share_calendar() {
  const Grant& grant = dice_.pick(grants_);
  emulator::Account& account = *world_.provider.find_account(grant.email);
  std::vector<std::pair<std::string, std::string>> candidates;
  for (const auto& entry : account.entries())
    if (entry->deleted) candidates.emplace_back(entry->calendar->id, emulator::role_name(entry->role));
  for (const Grant& other : grants_)
    if (!account.entry(other.email)) candidates.emplace_back(other.email, "reader");
  if (candidates.empty()) return false;
  const auto& [id, role] = dice_.pick(candidates);
  return world_.try_call("POST", "/control/calendars", wanted(grant.email, id, {}, role)).status == 200;
}

bool Mutator::rename_calendar() {
  return order("PATCH", "/control/calendars", place(),
               fmt::format(R"("summaryOverride":"{}","hidden":{})", words(dice_), dice_.chance(0.3)));
}

/// More or less of each event is seen from now on, and each comes again.
bool Mutator::change_role() {
  constexpr std::array<std::string_view, 4> roles{"freeBusyReader", "reader", "writer", "owner"};
  const Place at = place();
  return !at.calendar().primary &&
         order("PATCH", "/control/calendars", at,
               fmt::format(R"("accessRole":"{}","report":true,"renew_events":true)", dice_.pick(roles)));
}

}  // namespace calsync::simulation
