// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/event_draft.hpp"
#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view family = "meaning";

std::string spot_json(const FaultContext::Spot& at, std::string_view members) {
  std::string body;
  {
    emulator::ObjectWriter object(body);
    object.text("email", at.email);
    object.text("calendar_id", at.calendar_id);
    object.members(members);
  }
  return body;
}

std::string quoted(std::string_view text) {
  std::string out;
  emulator::append_quoted(out, text);
  return out;
}

/// A single event or series that lives in this calendar.
const emulator::Event* some_event(FaultContext& c, const FaultContext::Spot& at) {
  const emulator::Calendar* calendar = c.world.provider.find_calendar(at.calendar_id);
  std::vector<const emulator::Event*> live;
  for (const auto& event : calendar->events())
    if (!event->cancelled() && !event->is_exception()) live.push_back(event.get());
  return live.empty() ? nullptr : c.dice.pick(live);
}

void recreate(FaultContext& c) {
  const auto at = c.spot();
  const emulator::Event* event = some_event(c, at);
  if (!event) return;
  std::string resource = draft_timed(c.dice, c.world.now(), {});
  resource.insert(1, R"("iCalUID":)" + quoted(event->ical_uid) + ",");
  c.world.call("DELETE", "/control/events", spot_json(at, R"("event_id":)" + quoted(event->id)));
  c.world.call("POST", "/control/events", spot_json(at, R"("event":)" + resource));
  c.note();
}

void move_between_calendars(FaultContext& c) {
  const auto from = c.spot();
  const emulator::Event* event = some_event(c, from);
  if (!event) return;
  for (const auto& entry : c.world.provider.find_account(from.email)->entries()) {
    if (entry->calendar->id == from.calendar_id) continue;
    const std::string what =
        fmt::format(R"("event_id":{},"destination":{})", quoted(event->id), quoted(entry->calendar->id));
    if (c.world.try_call("POST", "/control/events/move", spot_json(from, what)).status == 200) return c.note();
  }
}

void expire_sync_tokens(FaultContext& c) {
  c.world.call("POST", "/control/tokens/expire-sync", "{}");
  c.note();
}

void delta_gap(FaultContext& c) {
  c.list(c.dice.chance(0.5) ? "gone_full_sync" : "gone_updated_min", {}, R"("sync_token":true)");
}

/// A calendar that answers 410 to every token, however young, as calendars of holidays do.
void refuse_all_tokens(FaultContext& c) {
  const auto at = c.spot();
  if (at.email.empty()) return;
  c.on("events.list", "gone_full_sync", R"("times":-1)",
       R"("sync_token":true,"calendar_id":)" + quoted(at.calendar_id));
}

void remove_calendar(FaultContext& c) {
  const auto at = c.spot(true);
  if (at.email.empty()) return;
  const auto role = emulator::role_name(c.world.provider.find_account(at.email)->entry(at.calendar_id)->role);
  c.world.call("DELETE", "/control/calendars", spot_json(at, {}));
  c.note();
  c.on_heal([&c, at, role = std::string(role)] {
    std::string body;
    {
      emulator::ObjectWriter object(body);
      object.text("email", at.email);
      object.text("id", at.calendar_id);
      object.text("accessRole", role);
    }
    c.world.call("POST", "/control/calendars", std::move(body));
  });
}

/// Gone and back before anybody may have looked.
void remove_and_return(FaultContext& c) {
  const auto at = c.spot(true);
  if (at.email.empty()) return;
  c.world.call("PATCH", "/control/calendars", spot_json(at, R"("deleted":true)"));
  c.world.call("PATCH", "/control/calendars", spot_json(at, R"("deleted":false)"));
  c.note();
}

void show_busy_only(FaultContext& c) {
  const auto at = c.spot(true);
  if (at.email.empty()) return;
  const std::string role(emulator::role_name(c.world.provider.find_account(at.email)->entry(at.calendar_id)->role));
  const auto change = [&c, at](std::string_view wanted) {
    c.world.call("PATCH", "/control/calendars",
                 spot_json(at, fmt::format(R"("accessRole":"{}","report":true,"renew_events":true)", wanted)));
  };
  change("freeBusyReader");
  c.note();
  c.on_heal([change, role] { change(role); });
}

constexpr ProviderFault faults[] = {
    {"item_twice", family, [](FaultContext& c) { c.list("item_twice"); }},
    {"page_overlap", family, [](FaultContext& c) { c.list("page_overlap"); }},
    {"page_skip", family, [](FaultContext& c) { c.list("page_skip"); }},
    {"page_token_expired", family,
     [](FaultContext& c) {
       c.set("short_pages", "3", "0", "");
       c.list("page_token_expired");
     }},
    {"exception_first", family, [](FaultContext& c) { c.list("exception_first"); }},
    {"older_version", family, [](FaultContext& c) { c.list("older_version"); }},
    {"stale_replica", family, [](FaultContext& c) { c.list("stale_replica"); }},
    {"very_stale_replica", family, [](FaultContext& c) { c.list("stale_replica", R"("count":30)"); }},
    {"flapping_etag", family, [](FaultContext& c) { c.list("flapping_etag"); }},
    {"null_etag", family, [](FaultContext& c) { c.list("null_etag", R"("count":5)"); }},
    {"missing_etag", family, [](FaultContext& c) { c.list("missing_etag", R"("count":5)"); }},
    {"skewed_updated", family, [](FaultContext& c) { c.list("skewed_updated", R"("count":5)"); }},
    {"number_poison", family, [](FaultContext& c) { c.list("number_poison"); }},
    {"huge_number", family, [](FaultContext& c) { c.list("huge_number"); }},
    {"lone_surrogate", family, [](FaultContext& c) { c.list("lone_surrogate"); }},
    {"nul_escape", family, [](FaultContext& c) { c.list("nul_escape"); }},
    {"huge_title", family, [](FaultContext& c) { c.list("huge_title"); }},
    {"unpaired_quotes", family, [](FaultContext& c) { c.list("unpaired_quotes"); }},
    {"deep_nesting", family, [](FaultContext& c) { c.list("deep_nesting"); }},
    {"missing_start", family, [](FaultContext& c) { c.list("missing_start"); }},
    {"missing_end", family, [](FaultContext& c) { c.list("missing_end"); }},
    {"missing_status", family, [](FaultContext& c) { c.list("missing_status"); }},
    {"missing_uid", family, [](FaultContext& c) { c.list("missing_uid"); }},
    {"null_fields", family, [](FaultContext& c) { c.list("null_fields"); }},
    {"bad_time", family, [](FaultContext& c) { c.list("bad_time"); }},
    {"half_time", family, [](FaultContext& c) { c.list("half_time"); }},
    {"wrong_types", family, [](FaultContext& c) { c.list("wrong_types"); }},
    {"recreated_same_uid", family, recreate},
    {"moved_between_calendars", family, move_between_calendars},
    {"delta_gap", family, delta_gap},
    {"sync_tokens_expire", family, expire_sync_tokens},
    {"tokens_always_refused", family, refuse_all_tokens},
    {"calendar_404", family, [](FaultContext& c) { c.list("not_found"); }},
    {"calendar_removed", family, remove_calendar},
    {"calendar_removed_and_back", family, remove_and_return},
    {"calendar_busy_only", family, show_busy_only},
    {"short_pages", family, [](FaultContext& c) { c.set("short_pages", "2", "0", "events.list"); }},
    {"empty_pages", family, [](FaultContext& c) { c.set("empty_pages", "2", "0", "events.list"); }},
};

}  // namespace

std::span<const ProviderFault> meaning_faults() { return faults; }

}  // namespace calsync::simulation
