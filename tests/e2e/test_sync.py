# SPDX-License-Identifier: Apache-2.0
"""The mirror follows a Google account through every kind of change; after each step it equals the provider's truth."""
import json
import uuid

import harness
from compare import differences
from events import all_day, assorted, timed, weekly, zoned
from harness import wait_until

setUpModule = harness.start_cluster


class MirrorCase(harness.Case):
    def assertMirrors(self, owner, email, connection, but=()):
        """Rows equal the emulator's truth in every field; calendars in `but` have no live row."""
        truth = {name: calendar for name, calendar in self.emulator.truth(email).items() if name not in but}
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), truth, same), [])

    def synced(self, connection, error=None):
        outcome = self.stack.sync(connection)
        self.assertTrue(outcome["served"], outcome)
        if error is None:
            self.assertIsNone(outcome["error"], outcome)
        else:
            self.assertTrue((outcome["error"] or "").startswith(error + ": "), outcome)
        return outcome

    def last_run(self, connection):
        return self.sql.rows("SELECT * FROM calendar_sync_runs WHERE connection_id = %s ORDER BY finished_at DESC LIMIT 1", connection)[0]

    def counts(self, connection):
        run = self.last_run(connection)
        return tuple(run[f"items_{name}"] for name in ("ingested", "updated", "deleted", "failed"))

    def event_calls(self, email, after=0):
        return [call for call in self.emulator.calls(account=email, path="/calendar/v3")[after:] if call["path"].endswith("/events")]


class Changes(MirrorCase):
    def test_polls_that_find_nothing_are_counted_for_the_next_line_of_the_history(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        for quiet in (1, 2):
            self.sql.execute("UPDATE external_calendar_connections SET last_synced_at = now() - interval '1 day' WHERE id = %s", connection)
            wait_until(lambda: self.stack.connection(connection)["quiet_runs"] == quiet, 15, lambda: f"{quiet} quiet runs: {self.stack.connection(connection)}")
        lines = self.sql.value("SELECT count(*) FROM calendar_sync_runs WHERE connection_id = %s", connection)
        self.synced(connection)
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_sync_runs WHERE connection_id = %s", connection), lines + 1)
        self.assertEqual((self.last_run(connection)["quiet_before"], self.stack.connection(connection)["quiet_runs"]), (2, 0))

    def test_a_first_sync_mirrors_every_field(self):
        owner, email, connection = self.connected(assorted())
        self.assertMirrors(owner, email, connection)
        self.assertEqual(len(self.stack.events(connection)), len(assorted()))
        self.assertEqual(self.counts(connection), (len(assorted()), 0, 0, 0))
        row = self.stack.connection(connection)
        self.assertEqual((row["sync_needed"], row["error_count"], row["last_error"], row["backoff_until"]), (False, 0, None, None))
        self.assertTrue(row["sync_cursor"])
        line = self.stack.workers[0].wait_message("calendar sync completed", connection_id=connection)
        self.assertEqual((line["level"], line["provider_id"], line["provider"], line["metadata"]["ingested"]),
                         ("info", owner, "google", str(len(assorted()))))
        self.assertRegex(line["sync_id"], r"^[0-9a-f-]{36}$")

    def test_creating_changing_and_deleting(self):
        owner, email, connection = self.connected([timed("one0000001", "One"), timed("two0000001", "Two"), timed("three00001", "Three")])
        before = self.stack.events(connection)
        self.emulator.put_event(email, email, timed("four000001", "Four"))
        self.emulator.put_event(email, email, timed("two0000001", "Two, later", begin="15:00", end="16:30", location="Elsewhere"))
        self.emulator.delete_event(email, email, "three00001")
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.counts(connection), (1, 1, 1, 0))
        after = self.stack.events(connection, everything=True)
        self.assertEqual(after[email, "one0000001"], before[email, "one0000001"])
        self.assertEqual(after[email, "two0000001"]["id"], before[email, "two0000001"]["id"])
        gone = after[email, "three00001"]
        self.assertEqual((gone["status"], gone["is_busy"], gone["deleted_at"] is None), ("cancelled", False, False))
        listed = self.stack.app.get("/api/calendar/events", **{"provider_id": owner, "from": "2027-01-01T00:00:00Z",
                                                               "to": "2028-01-01T00:00:00Z"})
        self.assertEqual(sorted(event["title"] for event in listed.json()["events"]), ["Four", "One", "Two, later"])

    def test_moving_an_event_in_time_and_between_kinds(self):
        owner, email, connection = self.connected([timed("move000001", "Moving")])
        for moved in (timed("move000001", "Moving", day="2027-06-01"), all_day("move000001", "Moving"),
                      zoned("move000001", "Moving", "Asia/Tokyo"),
                      weekly("move000001", "Moving"), timed("move000001", "Moving")):
            self.emulator.put_event(email, email, moved)
            self.synced(connection)
            self.assertMirrors(owner, email, connection)

    def test_a_quiet_sync_asks_once_per_calendar_and_rewrites_nothing(self):
        _, email, connection = self.connected(assorted())
        before, asked = self.stack.events(connection, everything=True), len(self.emulator.calls(account=email, path="/calendar/v3"))
        self.synced(connection)
        self.assertEqual(self.stack.events(connection, everything=True), before)
        self.assertEqual(len(self.emulator.calls(account=email, path="/calendar/v3")) - asked, 2)

    def test_occurrences_of_a_series(self):
        owner, email, connection = self.connected([weekly("series0001", "Weekly")])
        self.emulator.put_event(email, email, self.exception("20270308T080000Z", "2027-03-08T08:00:00Z", "2027-03-08T14:00:00Z"))
        self.emulator.put_event(email, email, {**self.exception("20270315T080000Z", "2027-03-15T08:00:00Z", None), "status": "cancelled"})
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        rows = self.stack.events(connection)
        self.assertEqual(len(rows), 3)
        self.assertEqual((rows[email, "series0001_20270315T080000Z"]["status"],
                          rows[email, "series0001_20270315T080000Z"]["is_busy"]), ("cancelled", False))
        self.assertEqual(rows[email, "series0001_20270308T080000Z"]["recurring_event_id"], "series0001")
        # The provider announces the end of the series only.
        self.emulator.delete_event(email, email, "series0001")
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.stack.events(connection), {})

    def exception(self, suffix, original, begin):
        event = {"id": f"series0001_{suffix}", "recurringEventId": "series0001",
                 "originalStartTime": {"dateTime": original, "timeZone": "Europe/Paris"}}
        if begin:
            event.update(summary="Weekly, moved", start={"dateTime": begin}, end={"dateTime": begin.replace(":00:00Z", ":45:00Z")})
        return event

    def test_deleting_and_creating_again_with_the_same_id(self):
        owner, email, connection = self.connected([timed("again00001", "First")])
        first = self.stack.events(connection)[email, "again00001"]["id"]
        self.emulator.delete_event(email, email, "again00001")
        self.synced(connection)
        self.assertEqual(self.stack.events(connection), {})
        self.emulator.put_event(email, email, timed("again00001", "Second"))
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.stack.events(connection)[email, "again00001"]["id"], first)

    def test_an_event_that_cannot_be_understood_fails_alone_and_heals(self):
        bad = [{**timed("bad0000001", "Bad"), "start": {"dateTime": "next tuesday"}},
               {**timed("bad0000002", "Bad"), "end": {"date": "2027-03-02"}},
               {**timed("bad0000003", "Bad"), "recurrence": "weekly"}, {**timed("bad0000004", "Bad"), "start": None}]
        owner, email, connection = self.connected([timed("good000001", "Good")])
        self.emulator.put_event(email, email, timed("good000002", "Good too"))
        for event in bad:
            self.emulator.put_event(email, email, timed(event["id"], "Behind the raw text"))
            self.emulator.put_raw_event(email, event["id"], json.dumps(event))
        self.synced(connection)
        rows = self.stack.events(connection)
        failed = {key[1]: row for key, row in rows.items() if row["sync_status"] == "FAILED"}
        self.assertEqual(set(failed), {event["id"] for event in bad})
        for row in failed.values():
            self.assertTrue(row["last_error"].startswith("malformed_response: "), row["last_error"])
            self.assertEqual((row["is_busy"], row["raw_payload"]["id"]), (False, row["external_event_id"]))
        self.assertEqual({key[1] for key, row in rows.items() if row["sync_status"] == "SYNCED"}, {"good000001", "good000002"})
        self.assertEqual(self.stack.shown(connection)["failed_events"], len(bad))
        self.assertEqual(self.counts(connection), (1, 0, 0, len(bad)))
        for event in bad:
            self.emulator.put_event(email, email, timed(event["id"], "Mended"))
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.stack.shown(connection)["failed_events"], 0)

    def test_numbers_and_texts_that_poison_parsers(self):
        owner, email, connection = self.connected([timed("good000001", "Good")])
        self.emulator.put_event(email, email, timed("poison0001", "Behind the raw text"))
        self.emulator.put_raw_event(email, "poison0001",
                                    '{"id": "poison0001", "status": "confirmed", "sequence": -9888888e888888, "etag": "1"}')
        self.emulator.put_event(email, email, timed("good000002", "nul \u0000 inside"))
        self.synced(connection)
        rows = self.stack.events(connection)
        self.assertEqual((rows[email, "poison0001"]["sync_status"], rows[email, "good000001"]["sync_status"]), ("FAILED", "SYNCED"))
        self.assertEqual(rows[email, "good000002"]["sync_status"], "SYNCED")
        self.assertTrue(rows[email, "good000002"]["title"].startswith("nul "))
        self.assertEqual(str(rows[email, "good000002"]["provider_id"]), owner)


class Calendars(MirrorCase):
    def calendars(self, connection):
        answer = self.stack.app.get(f"/api/calendar/connections/{connection}/calendars")
        return {one["external_calendar_id"]: one for one in answer.json()["calendars"]}

    def with_second(self):
        owner, email, connection = self.connected([timed("first00001", "In the first")])
        second = f"{uuid.uuid4().hex[:8]}@group.calendar.google.com"
        self.emulator.add_calendar(email, second, "Second", "America/Los_Angeles")
        self.emulator.put_event(email, second, all_day("second0001", "In the second"))
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        return owner, email, connection, second

    def test_a_calendar_that_appears_and_disappears(self):
        owner, email, connection, second = self.with_second()
        shown = self.calendars(connection)
        self.assertEqual({name: (one["name"], one["time_zone"], one["primary"], one["selected"], one["events"]) for name,
                          one in shown.items()}[second],
                         ("Second", "America/Los_Angeles", False, True, 1))
        self.assertTrue(shown[email]["primary"])
        self.emulator.remove_calendar(email, second)
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(set(self.calendars(connection)), {email})
        self.assertEqual(set(self.stack.events(connection)), {(email, "first00001")})
        self.assertIn((second, "second0001"), self.stack.events(connection, everything=True))

    def test_a_calendar_that_disappears_while_somebody_edits_the_connection_comes_back_whole(self):
        """The run that finds it gone writes its rows and leaves the cursor to the operator."""
        owner, email, connection, second = self.with_second()
        self.emulator.remove_calendar(email, second)
        with self.emulator.hold("events", account=email) as held:
            self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)
            held.wait()
            self.stack.set(connection, "backoff_until = NULL")
        self.stack.wait_synced(connection)
        self.synced(connection)
        self.assertEqual(set(self.calendars(connection)), {email})
        self.emulator.add_calendar(email, second, "Second", "America/Los_Angeles")
        self.synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_deselecting_and_selecting_a_calendar(self):
        owner, email, connection, second = self.with_second()
        answer = self.stack.app.patch(f"/api/calendar/connections/{connection}", {"calendars": [email]})
        self.assertEqual(answer.status, 200, answer.text)
        self.synced(connection)
        self.assertMirrors(owner, email, connection, but=(second,))
        self.assertEqual((self.calendars(connection)[second]["selected"], self.calendars(connection)[second]["events"]), (False, 0))
        asked = len(self.event_calls(email))
        self.emulator.put_event(email, second, timed("second0002", "Unseen"))
        self.synced(connection)
        self.assertMirrors(owner, email, connection, but=(second,))
        self.assertEqual(len(self.event_calls(email)) - asked, 1)
        self.stack.app.patch(f"/api/calendar/connections/{connection}", {"calendars": [email, second]})
        self.synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_a_calendar_that_changes_its_name(self):
        owner, email, connection, second = self.with_second()
        self.emulator.rename_calendar(email, second, "Renamed")
        self.synced(connection)
        self.assertEqual(self.calendars(connection)[second]["name"], "Renamed")
        self.assertMirrors(owner, email, connection)

    def test_an_event_that_moves_to_another_calendar(self):
        owner, email, connection, second = self.with_second()
        self.emulator.delete_event(email, email, "first00001")
        self.emulator.put_event(email, second, timed("first00001", "In the first"))
        self.synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(set(self.stack.events(connection)), {(second, "first00001"), (second, "second0001")})

    def test_a_wake_up_during_a_run_is_served_by_another(self):
        owner, email, connection = self.connected([timed("first00001", "In the first")])
        last = "zzz@group.calendar.google.com"
        self.emulator.add_calendar(email, last, "Read last", "Europe/Paris")
        self.synced(connection)
        with self.emulator.hold("events", account=email, after=1) as held:
            self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)
            held.wait()
            # The first calendar has been read already.
            self.emulator.put_event(email, email, timed("late000001", "Too late for this run"))
            self.stack.set(connection, "sync_needed = true")
        harness.wait_until(lambda: (email, "late000001") in self.stack.events(connection), 10, "the late change is in the mirror")
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
