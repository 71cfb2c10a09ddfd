// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

const std::vector<std::string> zones{"", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "No/Where"};

std::string pick_event_id(Step& step) {
  if (step.dice.chance(3)) return std::string("nul\0inside", 10);
  if (step.dice.chance(3)) return "odd \"id\" {1,2} \\ " + step.dice.text();
  return "event-" + std::to_string(step.dice.below(8));
}

calendar::EventTime pick_event_time(Step& step, bool all_day) {
  calendar::EventTime time;
  if (step.dice.chance(5)) return time;
  const Time instant = pick_time(step);
  if (all_day) {
    time.date = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(instant));
    if (step.dice.chance(3)) time.date = std::chrono::year(step.dice.chance(50) ? 1 : 9999) / 12 / 31;
  } else {
    time.instant = instant;
    time.time_zone = step.dice.pick(zones);
  }
  return time;
}

std::vector<calendar::Attendee> pick_attendees(Step& step) {
  std::vector<calendar::Attendee> attendees;
  const int count = step.dice.below(3);
  for (int i = 0; i < count; ++i) {
    attendees.push_back({"a" + std::to_string(i) + "@example.com", step.dice.text(true), "accepted",
                         step.dice.chance(50), step.dice.chance(20), step.dice.chance(20)});
  }
  return attendees;
}

calendar::Event pick_event(Step& step) {
  static const std::vector<std::string> payloads{"", "{}", R"({"b": 1, "a": [true, null, "x"], "b": 2})",
                                                 R"({"nul": "\u0000", "slash": "\\u0000"})",
                                                 R"({"ics": "BEGIN:VEVENT\r\nEND:VEVENT"})"};
  calendar::Event event;
  event.external_event_id = pick_event_id(step);
  event.ical_uid = step.dice.text(true);
  event.title = step.dice.text(true);
  event.description = step.dice.text();
  event.location = step.dice.text();
  event.organizer = step.dice.chance(50) ? "o@example.com" : "";
  event.attendees = pick_attendees(step);
  event.is_all_day = step.dice.chance(30);
  event.start = pick_event_time(step, event.is_all_day);
  event.end = pick_event_time(step, event.is_all_day);
  event.time_zone = step.dice.pick(zones);
  event.status = static_cast<calendar::Status>(step.dice.below(3));
  event.is_busy = step.dice.chance(70);
  event.visibility = step.dice.chance(50) ? "private" : "";
  if (step.dice.chance(20)) event.recurrence = {"RRULE:FREQ=DAILY;BYDAY=MO,TU", step.dice.text()};
  if (step.dice.chance(20)) event.recurring_event_id = pick_event_id(step);
  if (step.dice.chance(20)) event.original_start = pick_event_time(step, event.is_all_day);
  event.etag = step.dice.chance(70) ? "etag-" + std::to_string(step.dice.below(5)) : "";
  event.sequence = step.dice.below(4);
  event.raw_payload = step.dice.pick(payloads);
  return event;
}

sync::MirrorRow pick_mirror_row(Step& step) {
  sync::MirrorRow row;
  row.event = pick_event(step);
  if (step.dice.chance(15)) {
    row.status = static_cast<sync::SyncStatus>(step.dice.below(5));
    row.last_error = step.dice.text(true);
  }
  return row;
}

sync::RunRows::CalendarPlan pick_plan(Step& step) {
  sync::RunRows::CalendarPlan plan;
  plan.calendar_id = step.dice.pick(calendar_ids());
  plan.time_zone = step.dice.pick(zones);
  const int rows = step.dice.below(4);
  for (int i = 0; i < rows; ++i) plan.plan.upserts.push_back(pick_mirror_row(step));
  // Enough for the wide statement, and some more.
  const int many = step.dice.chance(3) ? step.dice.between(48, 110) : 0;
  for (int i = 0; i < many; ++i) {
    plan.plan.upserts.push_back(pick_mirror_row(step));
    plan.plan.upserts.back().event.external_event_id = "many-" + std::to_string(step.dice.below(500) == 0 ? 0 : i);
  }
  const int buried = step.dice.below(3);
  for (int i = 0; i < buried; ++i) plan.plan.tombstones.push_back(pick_event_id(step));
  return plan;
}

sync::CalendarRow pick_calendar(Step& step) {
  static const std::vector<std::string> roles{"owner", "writer", "reader", "freeBusyReader", "none", ""};
  return {step.dice.pick(calendar_ids()), step.dice.text(true), step.dice.pick(zones), step.dice.pick(roles),
          step.dice.chance(30)};
}

std::string pick_note(Step& step) {
  if (step.dice.chance(60)) return "";
  return (step.dice.chance(30) ? "cursor_expired: " : "") + step.dice.text(true);
}

/// Mostly what most runs find.
sync::StateChange pick_state(Step& step) {
  if (step.dice.chance(50)) return {};
  return {std::string(sync::state_name(static_cast<sync::ConnectionState>(step.dice.below(7)))),
          step.dice.chance(30) ? "" : step.dice.text(true)};
}

}  // namespace

sync::RunRows pick_rows(Step& step) {
  sync::RunRows rows;
  const int calendars = step.dice.below(3);
  for (int i = 0; i < calendars; ++i) rows.calendars.push_back(pick_calendar(step));
  if (step.dice.chance(8)) rows.removed_calendars.push_back(step.dice.pick(calendar_ids()));
  if (step.dice.chance(8)) rows.deselected_calendars.push_back(step.dice.pick(calendar_ids()));
  const int plans = step.dice.below(3);
  for (int i = 0; i < plans; ++i) rows.plans.push_back(pick_plan(step));
  const int notes = step.dice.below(3);
  for (int i = 0; i < notes; ++i) rows.notes.push_back({step.dice.pick(calendar_ids()), pick_note(step)});
  if (step.dice.chance(8)) rows.read_in_full.push_back(step.dice.pick(calendar_ids()));
  return rows;
}

sync::StagedBatch pick_batch(Step& step) {
  sync::StagedBatch batch;
  const int rows = step.dice.chance(3) ? step.dice.between(48, 110) : step.dice.between(1, 5);
  for (int i = 0; i < rows; ++i) {
    sync::MirrorRow row{pick_event(step), sync::SyncStatus::synced, {}};
    if (rows > 5) row.event.external_event_id = "many-" + std::to_string(i);
    if (step.dice.chance(15)) row.status = sync::SyncStatus::failed;
    if (row.status == sync::SyncStatus::failed) row.last_error = step.dice.text(true);
    batch.rows.push_back(std::move(row));
  }
  const int removed = step.dice.below(3);
  for (int i = 0; i < removed; ++i) batch.removed.push_back(pick_event_id(step));
  return batch;
}

sync::Settlement pick_settlement(Step& step, const sync::Claim& claim) {
  sync::Settlement one;
  one.sync_id = random_uuid(step.dice);
  const auto& runs = step.world.memory.tables().runs.rows();
  if (!runs.empty() && step.dice.chance(1)) one.sync_id = runs.begin()->second->sync_id;
  one.connection = claim.connection;
  one.lease_token = claim.lease_token;
  one.wake_seq = claim.wake_seq;
  one.edit_seq = claim.edit_seq;
  one.outcome.verdict = static_cast<sync::Verdict>(step.dice.chance(55) ? 0 : step.dice.below(5));
  one.outcome.last_error = "provider_rejected: " + step.dice.text(true);
  one.outcome.backoff = std::chrono::duration<double>(step.dice.fraction() * 4000);
  if (step.dice.chance(30)) one.outcome.pause = one.outcome.backoff * step.dice.fraction();
  one.outcome.grant_refusals = step.dice.below(3);
  if (step.dice.chance(50)) one.outcome.provider_status = 400 + step.dice.below(200);
  if (step.dice.chance(50)) one.outcome.provider_request_id = step.dice.text(true);
  if (step.dice.chance(60)) one.cursor = step.dice.text(true);
  one.started_at = step.world.clock.at - Duration(step.dice.below(100'000'000));
  one.noteworthy = step.dice.chance(70);
  one.again = step.dice.chance(10);
  one.state = pick_state(step);
  if (step.dice.chance(50)) one.calls_drained = step.dice.fraction() * 300;
  one.counts = {step.dice.below(5), step.dice.below(5), step.dice.below(5), step.dice.below(5)};
  return one;
}

}  // namespace calsync::contract
