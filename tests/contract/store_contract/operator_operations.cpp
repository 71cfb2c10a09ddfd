// SPDX-License-Identifier: Apache-2.0
#include "common/base/json.hpp"
#include "tests/contract/store_contract/operations.hpp"
#include "tests/contract/store_contract/picks.hpp"

namespace calsync::contract {
namespace {

using simulation::ConnectionEdit;
using simulation::ConnectionRow;
using simulation::EventEdit;
using simulation::EventRow;
using simulation::Moment;
using simulation::Text;

/// An UPDATE as the runbook has it, and what it means.
struct ConnectionUpdate {
  const char* set;
  ConnectionEdit (*edit)(Time now);
};

ConnectionEdit back_off(Time now) {
  ConnectionEdit edit;
  edit.backoff_until = Moment(now + std::chrono::hours(1));
  return edit;
}
ConnectionEdit clear_backoff(Time) {
  ConnectionEdit edit;
  edit.backoff_until = Moment();
  return edit;
}
ConnectionEdit start_over(Time) {
  ConnectionEdit edit;
  edit.sync_cursor = Text();
  edit.last_synced_at = Moment();
  edit.error_count = 0;
  edit.last_error = Text();
  edit.backoff_until = Moment();
  return edit;
}
ConnectionEdit need(Time) {
  ConnectionEdit edit;
  edit.sync_needed = true;
  return edit;
}
ConnectionEdit need_not(Time) {
  ConnectionEdit edit;
  edit.sync_needed = false;
  return edit;
}
ConnectionEdit drop_cursor_and_need(Time) {
  ConnectionEdit edit;
  edit.sync_cursor = Text();
  edit.sync_needed = true;
  return edit;
}
ConnectionEdit set_cursor(Time) {
  ConnectionEdit edit;
  edit.sync_cursor = Text("by hand");
  return edit;
}
ConnectionEdit disable(Time) {
  ConnectionEdit edit;
  edit.sync_enabled = false;
  return edit;
}
ConnectionEdit enable_and_need_not(Time) {
  ConnectionEdit edit;
  edit.sync_enabled = true;
  edit.sync_needed = false;
  return edit;
}
ConnectionEdit synced_long_ago(Time now) {
  ConnectionEdit edit;
  edit.last_synced_at = Moment(now - std::chrono::hours(24));
  return edit;
}
ConnectionEdit forget_error(Time) {
  ConnectionEdit edit;
  edit.last_error = Text();
  return edit;
}
ConnectionEdit poll_often(Time) {
  ConnectionEdit edit;
  edit.sync_frequency_minutes = 1;
  edit.error_count = 7;
  return edit;
}

const std::vector<ConnectionUpdate> updates{{"backoff_until = NOW() + INTERVAL '1 hour'", back_off},
                                            {"backoff_until = NULL", clear_backoff},
                                            {"\n   sync_cursor = NULL,\n   last_synced_at = NULL,\n   error_count = "
                                             "0,\n   last_error = NULL,\n   backoff_until = NULL\n",
                                             start_over},
                                            {"sync_needed = true", need},
                                            {"sync_needed = false", need_not},
                                            {"sync_cursor = NULL, sync_needed = true", drop_cursor_and_need},
                                            {"sync_cursor = 'by hand'", set_cursor},
                                            {"sync_enabled = false", disable},
                                            {"sync_enabled = true, sync_needed = false", enable_and_need_not},
                                            {"last_synced_at = now() - interval '24 hours'", synced_long_ago},
                                            {"last_error = NULL", forget_error},
                                            {"sync_frequency_minutes = 1, error_count = 7", poll_often}};

void update_connections(Step& step) {
  const ConnectionUpdate& update = step.dice.pick(updates);
  const bool by_owner = step.dice.chance(20);
  const std::string id = by_owner ? step.dice.pick(owner_ids()) : pick_leased(step);
  const std::string where = std::string(by_owner ? "provider_id" : "id") + " = '" + id + "'";
  step.compare(
      [&] {
        step.world.real.execute(std::string("UPDATE external_calendar_connections SET ") + update.set + " WHERE " +
                                where);
      },
      [&] {
        step.world.people.update_connections(
            [&](const ConnectionRow& row) { return by_owner ? row.provider_id == id : row.id == id; },
            update.edit(step.world.clock.at));
      });
}

void retry_events(Step& step) {
  const std::string owner = step.dice.pick(owner_ids());
  step.compare(
      [&] {
        step.world.real.execute(
            "UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE sync_status = "
            "'FAILED' "
            "AND provider_id = '" +
            owner + "'");
      },
      [&] {
        EventEdit edit;
        edit.sync_status = "CREATED";
        edit.last_error = Text();
        step.world.people.update_events(
            [&](const EventRow& row) { return row.sync_status == "FAILED" && row.provider_id == owner; }, edit);
      });
}

void touch_events(Step& step) {
  const std::string id = pick_connection(step);
  step.compare(
      [&] {
        step.world.real.execute("UPDATE external_calendar_events SET last_error = 'seen' WHERE connection_id = '" + id +
                                "'");
      },
      [&] {
        EventEdit edit;
        edit.last_error = Text("seen");
        step.world.people.update_events([&](const EventRow& row) { return row.key.connection_id == id; }, edit);
      });
}

/// What a host application does to have an event written.
void book(Step& step) {
  EventRow row;
  row.key = {pick_connection(step), "primary", "booking-" + std::to_string(step.dice.below(5))};
  row.provider_id = step.dice.pick(owner_ids());
  row.provider = "google";
  row.booking_id = "b1";
  row.sync_status = step.dice.pick(std::vector<std::string>{"CREATED", "UPDATED", "CANCELLED", "SYNCED"});
  step.compare(
      [&] {
        step.world.real.execute(
            "INSERT INTO external_calendar_events (connection_id, external_calendar_id, external_event_id, "
            "provider_id, "
            "provider, booking_id, sync_status) VALUES ('" +
            row.key.connection_id + "', 'primary', '" + row.key.external_event_id + "', '" + row.provider_id +
            "', 'google', 'b1', '" + row.sync_status + "')");
      },
      [&] { step.world.people.add_event(row); });
}

void list_calendar(Step& step) {
  simulation::CalendarRow row;
  row.connection_id = pick_connection(step);
  row.external_calendar_id = step.dice.pick(calendar_ids());
  row.name = "listed";
  row.access_role = step.dice.chance(80) ? "owner" : "none";
  row.selected = step.dice.chance(80);
  step.compare(
      [&] {
        step.world.real.execute(
            "INSERT INTO external_calendars (connection_id, external_calendar_id, name, access_role, selected) VALUES "
            "('" +
            row.connection_id + "', '" + row.external_calendar_id + "', 'listed', '" + row.access_role + "', " +
            (row.selected ? "true" : "false") + ")");
      },
      [&] { step.world.people.add_calendar(row); });
}

void delete_connection(Step& step) {
  const std::string id = pick_connection(step);
  step.compare([&] { step.world.real.execute("DELETE FROM external_calendar_connections WHERE id = '" + id + "'"); },
               [&] { step.world.people.delete_connection(id); });
}

/// The owner comes back at once, without anything.
void delete_owner(Step& step) {
  const std::string id = step.dice.pick(owner_ids());
  step.compare(
      [&] {
        step.world.real.execute("DELETE FROM profiles WHERE id = '" + id + "'");
        step.world.real.execute("INSERT INTO profiles (id) VALUES ('" + id + "')");
      },
      [&] {
        step.world.people.delete_owner(id);
        step.world.people.add_owner(id);
      });
}

void rotate_key(Step& step) {
  std::string id = pick_connection(step);
  std::string kind = "refresh_token";
  std::string read = "gone";
  const auto& rows = step.world.memory.tables().credentials.rows();
  const auto at = rows.lower_bound({id, ""});
  if (at != rows.end() && step.dice.chance(90)) {
    id = at->second->connection_id;
    kind = at->second->kind;
    if (step.dice.chance(80)) read = at->second->sealed;
  }
  step.compare(
      [&] {
        json::Writer replaced;
        replaced.begin_array().begin_object().put("id", id).put("kind", kind).put("old", read);
        replaced.put("new", std::string("v1.k9.rotated")).end_object().end_array();
        db::Values values{replaced.text(), "k9"};
        step.world.real.run(step.world.real.pool().query(sql::sealed_credentials_replace, std::move(values)));
      },
      [&] { step.world.people.replace_sealed(id, kind, read, "v1.k9.rotated", "k9"); });
}

}  // namespace

Operations operator_operations() {
  return {{"update_connections", 21, update_connections},
          {"retry_events", 6, retry_events},
          {"touch_events", 3, touch_events},
          {"book", 9, book},
          {"list_calendar", 9, list_calendar},
          {"delete_connection", 2, delete_connection},
          {"delete_owner", 1, delete_owner},
          {"rotate_key", 3, rotate_key}};
}

}  // namespace calsync::contract
