# SPDX-License-Identifier: Apache-2.0
"""Drill: large first imports, with one event among them that nobody can read."""
import json
import time

import harness
from counting import ITEMS
from events import all_day, timed, weekly
from failing import FailureCase

setUpModule = harness.start_cluster
EVENTS = 1000


def many(count):
    """Events of several kinds over a year."""
    kinds = (lambda number, day: timed(f"event{number:05}", f"Event {number}", day=day, description="x" * 300,
                                       attendees=[{"email": f"guest{guest}@example.com"} for guest in range(number % 4)]),
             lambda number, day: all_day(f"event{number:05}", f"Day {number}", day, day[:-2] + "28"),
             lambda number, day: timed(f"event{number:05}", f"Free {number}", day=day, transparency="transparent"),
             lambda number, day: weekly(f"event{number:05}", f"Weekly {number}", day=day))
    return [kinds[number % len(kinds)](number, f"2027-{1 + number % 12:02}-{1 + number % 27:02}") for number in range(count)]


class Imports(FailureCase):
    def with_events(self):
        email = self.account()
        self.emulator.put_events(email, email, many(EVENTS))
        return self.stack.new_owner(), email

    def connect(self, owner, email):
        """The new connection in step and its first run's log line, within ten seconds."""
        mark, begun = self.stack.workers[0].mark(), time.monotonic()
        connection = self.stack.connect_google(owner, email)
        row = self.stack.wait_synced(connection)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
        self.assertEqual(self.stack.shown(connection)["state"], "active")
        line = self.log_of(connection, "the first run", lambda line: line["message"] == "calendar sync completed", mark)
        self.assertEqual((line["level"], "error_code" in line), ("info", False))
        self.assertLess(line["duration_ms"], 10000)
        return connection, line

    def tally(self, line):
        """What the log line and the history agree on: (ingested, updated, deleted, failed)."""
        counts = tuple(int(line["metadata"][name]) for name in ("ingested", "updated", "deleted", "failed"))
        run = self.sql.row("SELECT * FROM calendar_sync_runs WHERE sync_id = %s", line["sync_id"])
        self.assertEqual(run["outcome"], "complete")
        self.assertEqual(tuple(run[f"items_{name}"] for name in ("ingested", "updated", "deleted", "failed")), counts)
        return counts

    def test_a_thousand_events_are_imported_within_ten_seconds(self):
        owner, email = self.with_events()
        connection, line = self.connect(owner, email)
        self.assertEqual(self.tally(line), (EVENTS, 0, 0, 0))
        self.assertMirrors(owner, email, connection)
        reads = [call for call in self.emulator.calls(account=email) if call["path"].endswith("/events")]
        self.assertLessEqual(len(reads), EVENTS // 250 + 1, "in pages, each once")
        # A second look writes nothing.
        rows = self.stack.events(connection)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(self.stack.events(connection), rows)

    def test_one_poisonous_event_does_not_stop_the_others_and_heals(self):
        owner, email = self.with_events()
        poison = f"event{EVENTS // 2 + 1:05}"
        self.emulator.put_raw_event(email, poison, json.dumps({"id": poison, "etag": "\"1\"", "summary": "Poison", "sequence": "many",
                                                               "start": {"dateTime": "the day after tomorrow"}, "end": {"date": 5}}))
        shown = self.settled()
        connection, line = self.connect(owner, email)
        self.assertEqual(self.tally(line), (EVENTS - 1, 0, 0, 1))
        rows = self.stack.events(connection)
        bad = rows.pop((email, poison))
        self.assertEqual((len(rows), {row["sync_status"] for row in rows.values()}), (EVENTS - 1, {"SYNCED"}))
        self.assertEqual((bad["sync_status"], bad["is_busy"], bad["raw_payload"]["id"]), ("FAILED", False, poison))
        self.assertTrue(bad["last_error"].startswith("malformed_response: "), bad["last_error"])
        self.assertEqual(self.stack.shown(connection)["failed_events"], 1)
        for action, count in (("ingested", EVENTS - 1), ("failed", 1)):
            self.assertGrown(shown, count, ITEMS, provider="google", action=action)
        self.wait_figure(1, "calendar_mirror_failed_events")
        # A later run does not fail for it, nor does it try it again and again.
        self.emulator.put_event(email, email, timed("later00001", "Later"))
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(self.stack.events(connection)[email, poison]["updated_at"], bad["updated_at"])
        self.assertEqual(self.stack.connection(connection)["error_count"], 0)
        # An event whose text is mended at the provider, and that somebody on call puts back, heals.
        self.emulator.mend_silently(email, poison)
        touched = self.sql.execute("UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL"
                                   " WHERE sync_status = 'FAILED' AND provider_id = %s", owner)
        self.assertEqual(touched, 1)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.stack.shown(connection)["failed_events"], 0)
        self.wait_figure(0, "calendar_mirror_failed_events")
