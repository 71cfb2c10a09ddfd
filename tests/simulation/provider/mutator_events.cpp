// SPDX-License-Identifier: Apache-2.0
// What happens to single events and series.
#include <fmt/format.h>

#include "tests/emulator/json.hpp"
#include "tests/simulation/provider/event_draft.hpp"
#include "tests/simulation/provider/mutator.hpp"

namespace calsync::simulation {
namespace {

using emulator::Event;

bool is_single(const Event& event) { return !event.cancelled() && !event.is_master() && !event.is_exception(); }
bool is_series(const Event& event) { return !event.cancelled() && event.is_master(); }
bool is_live(const Event& event) { return !event.cancelled() && event.start.kind != emulator::EventTime::Kind::none; }

std::string quoted(std::string_view text) {
  std::string out;
  emulator::append_quoted(out, text);
  return out;
}

std::string with_id(const Event& event, std::string_view change) {
  return fmt::format(R"("event_id":{},"event":{})", quoted(event.id), change);
}

std::string with_occurrence(const Event& master, std::string_view original, std::string_view change) {
  return fmt::format(R"("event_id":{},"original_start":"{}","event":{})", quoted(master.id), original, change);
}

}  // namespace

bool Mutator::insert(const std::string& event) {
  return order("POST", "/control/events", place(), R"("event":)" + event);
}

bool Mutator::insert_timed() {
  const Place at = place();
  return order("POST", "/control/events", at, R"("event":)" + draft_timed(dice_, world_.now(), self_of(at)));
}
bool Mutator::insert_all_day() { return insert(draft_all_day(dice_, world_.now())); }
bool Mutator::insert_series() { return insert(draft_series(dice_, world_.now(), {})); }
bool Mutator::insert_all_day_series() { return insert(draft_all_day_series(dice_, world_.now())); }
bool Mutator::insert_at_clock_change() { return insert(draft_at_clock_change(dice_, dice_.chance(0.5))); }
bool Mutator::insert_unicode() { return insert(draft_unicode(dice_, world_.now())); }

bool Mutator::burst() {
  return order("POST", "/control/events/burst", place(),
               fmt::format(R"("count":{},"seed":{})", dice_.between(5, 40), dice_.between(1, 1000000)));
}

bool Mutator::edit_words() {
  Place at = place();
  const Event* event = some_event(at, is_live);
  return event && order("PATCH", "/control/events", at, with_id(*event, change_of_words(dice_, self_of(at))));
}

bool Mutator::edit_time() {
  Place at = place();
  const Event* event = some_event(at, is_single);
  return event &&
         order("PATCH", "/control/events", at, with_id(*event, change_of_time(dice_, world_.now(), dice_.chance(0.2))));
}

/// A new etag, and `updated` stays.
bool Mutator::edit_reminders() {
  Place at = place();
  const Event* event = some_event(at, is_live);
  const std::string change = fmt::format(R"({{"reminders":{{"useDefault":{}}}}})", dice_.chance(0.5));
  return event && order("PATCH", "/control/events", at, with_id(*event, change) + R"(,"keep_updated":true)");
}

bool Mutator::delete_single() {
  Place at = place();
  const Event* event = some_event(at, is_single);
  return event && order("DELETE", "/control/events", at, R"("event_id":)" + quoted(event->id));
}

/// A deleted event comes back under its own id.
bool Mutator::revive() {
  Place at = place();
  const Event* event =
      some_event(at, [](const Event& one) { return one.cancelled() && !one.is_exception() && !one.is_master(); });
  if (!event) return false;
  std::string resource = draft_timed(dice_, world_.now(), {});
  resource.insert(1, R"("id":)" + quoted(event->id) + ",");
  return order("POST", "/control/events", at, R"("event":)" + resource);
}

/// Deleted and made again: another id, the same iCalUID, and both may come in one delta.
bool Mutator::recreate() {
  Place at = place();
  const Event* event = some_event(at, is_single);
  if (!event) return false;
  std::string resource = draft_timed(dice_, world_.now(), {});
  resource.insert(1, R"("iCalUID":)" + quoted(event->ical_uid) + ",");
  return order("DELETE", "/control/events", at, R"("event_id":)" + quoted(event->id)) &&
         order("POST", "/control/events", at, R"("event":)" + resource);
}

bool Mutator::move_to_calendar() {
  Place from = place();
  const Event* event = some_event(from, [](const Event& one) { return is_single(one) || is_series(one); });
  const auto& entries = world_.provider.find_account(from.grant->email)->entries();
  const emulator::Calendar& to = *dice_.pick(entries)->calendar;
  if (!event || to.id == from.calendar().id) return false;
  return order("POST", "/control/events/move", from,
               fmt::format(R"("event_id":{},"destination":{})", quoted(event->id), quoted(to.id)));
}

bool Mutator::edit_series() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  return series && order("PATCH", "/control/events", at, with_id(*series, change_of_words(dice_, {})));
}

bool Mutator::change_rule() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  const std::string rule = dice_.chance(0.2) ? std::string("[]")
                                             : fmt::format(R"(["RRULE:FREQ=DAILY;INTERVAL={};COUNT={}"])",
                                                           dice_.between(1, 3), dice_.between(2, 20));
  return series && order("PATCH", "/control/events", at, with_id(*series, R"({"recurrence":)" + rule + "}"));
}

bool Mutator::move_series() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  return series && order("PATCH", "/control/events", at,
                         with_id(*series, change_of_time(dice_, world_.now(), dice_.chance(0.2))));
}

bool Mutator::delete_series() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  return series && order("DELETE", "/control/events", at, R"("event_id":)" + quoted(series->id));
}

bool Mutator::split_series() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  const std::string original = series ? occurrence_of(*series) : std::string();
  if (original.empty() || original == series->start.id_suffix()) return false;
  return order("POST", "/control/events/split", at, with_occurrence(*series, original, change_of_words(dice_, {})));
}

bool Mutator::change_occurrence() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  const std::string original = series ? occurrence_of(*series) : std::string();
  return !original.empty() &&
         order("PATCH", "/control/events", at, with_occurrence(*series, original, change_of_words(dice_, {})));
}

bool Mutator::move_occurrence() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  const std::string original = series ? occurrence_of(*series) : std::string();
  return !original.empty() &&
         order("PATCH", "/control/events", at,
               with_occurrence(*series, original, change_of_time(dice_, world_.now(), series->start.is_date())));
}

bool Mutator::cancel_occurrence() {
  Place at = place();
  const Event* series = some_event(at, is_series);
  const std::string original = series ? occurrence_of(*series) : std::string();
  return !original.empty() && order("POST", "/control/events/cancel", at, with_occurrence(*series, original, "{}"));
}

}  // namespace calsync::simulation
