# SPDX-License-Identifier: Apache-2.0
"""Full reads that are too large to be held: their pages are staged, everybody sees the old rows meanwhile, and one transaction brings
the new ones. What stops such a read half-way leaves nothing behind."""
import contextlib
import json
import signal
import threading

import psycopg2

import harness
from compare import differences
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster

SEEN = """SELECT string_agg(external_event_id || ' ' || COALESCE(etag, ''), ', ' ORDER BY external_event_id)
          FROM external_calendar_events WHERE connection_id = %s AND deleted_at IS NULL"""


class Watch:
    """Looks at a mirror all the time, as readers do: which states of it there were."""

    def __init__(self, url, connection):
        self.states, self._stopped = [], threading.Event()
        self._thread = threading.Thread(target=self._look, args=(url, connection))
        self._thread.start()

    def _look(self, url, connection):
        with contextlib.closing(psycopg2.connect(url)) as session:
            session.autocommit = True
            while True:
                last = self._stopped.is_set()
                with session.cursor() as cursor:
                    cursor.execute(SEEN, (connection,))
                    state = cursor.fetchone()[0]
                if not self.states or self.states[-1] != state:
                    self.states.append(state)
                if last:
                    return

    def stop(self):
        self._stopped.set()
        self._thread.join()
        return self.states


class StagedCase(harness.Case):
    """Pages of five events, of which ten at a time are written down."""
    WORKERS = 0
    EVENTS = 40
    HALF, ALL = 23, 34  # staged

    def setUp(self):
        pages = self.emulator.settings(short_pages=5)
        pages.__enter__()
        self.addCleanup(pages.__exit__, None, None, None)
        self.addCleanup(self.end_workers)
        self.worker = self.stack.start_workers(1)[0]

    def end_workers(self):
        for worker in self.stack.workers:
            worker.end()
        self.stack.workers = []
        self.sql.execute("DELETE FROM external_calendar_connections")
        self.assertNothingStaged()

    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def staged(self):
        return self.sql.value("SELECT count(*) FROM calendar_staged_events")

    def assertNothingStaged(self):
        self.assertEqual((self.staged(), self.sql.value("SELECT count(*) FROM calendar_staged_reads")), (0, 0))

    def named(self, number, title):
        return timed(f"event{number:05}", title, begin="10:00", end="10:30")

    def outdated(self):
        """A synced account that changed since, and of which a token that the provider refuses is all that is known."""
        owner, email, connection = self.connected([self.named(number, "Old") for number in range(self.EVENTS)])
        self.assertNothingStaged()
        for number in range(0, 12):
            self.emulator.delete_event(email, email, f"event{number:05}")
        self.emulator.put_events(email, email, [self.named(number, "New") for number in list(range(12, 16)) + list(range(90, 96))])
        self.emulator.expire_cursors(email)
        return owner, email, connection

    @contextlib.contextmanager
    def half_read(self, email, connection):
        """The read of a full sync waits for its eighth page of ten: two batches are written down."""
        with self.emulator.bend(email, without_deleted), self.emulator.hold("events", email, after=8) as held:
            self.stack.set(connection, "sync_needed = true")
            held.wait()
            self.assertEqual(self.sql.column("SELECT batches FROM calendar_staged_reads"), [2])
            self.assertEqual(self.staged(), self.HALF)
            yield

    def assertTwoStates(self, watch, before, connection):
        after = self.sql.value(SEEN, connection)
        self.assertEqual(watch.stop(), [before, after])
        self.assertNotEqual(before, after)

    def seen(self, connection):
        return self.sql.value(SEEN, connection)


class Staged(StagedCase):
    CONFIG = {"worker": {"checkpoint_rows": 10, "lease_seconds": 120}}

    def test_readers_see_the_old_rows_until_the_new_ones_are_complete(self):
        owner, email, connection = self.outdated()
        before, rows = self.seen(connection), self.stack.events(connection)
        watch = Watch(self.stack.database_url, connection)
        with self.half_read(email, connection):
            self.assertEqual(self.seen(connection), before)
        self.stack.wait_synced(connection)
        self.assertTwoStates(watch, before, connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()
        after = self.stack.events(connection, everything=True)
        self.assertEqual(after[email, "event00030"], rows[email, "event00030"], "what has not changed is not written")
        gone = after[email, "event00003"]
        self.assertEqual((gone["status"], gone["is_busy"], gone["deleted_at"] is not None), ("cancelled", False, True))
        run = self.sql.row("SELECT * FROM calendar_sync_runs WHERE connection_id = %s ORDER BY finished_at DESC LIMIT 1", connection)
        self.assertEqual((run["items_ingested"], run["items_updated"], run["items_deleted"]), (6, 4, 12))
        # From here on changes are enough.
        self.emulator.put_event(email, email, self.named(30, "Newer"))
        self.stack.sync(connection)
        self.assertIn("syncToken", [call for call in self.emulator.calls(account=email) if call["path"].endswith("/events")][-1]["query"])
        self.assertMirrors(owner, email, connection)

    def test_events_that_come_twice_and_rows_that_cannot_be_understood(self):
        owner, email = self.stack.new_owner(), self.account()
        self.emulator.put_events(email, email, [self.named(number, "One") for number in range(33)])
        self.emulator.put_raw_event(email, "event00017", json.dumps({"id": "event00017", "etag": '"1"', "status": "confirmed",
                                                                     "start": {"dateTime": "never"}, "end": {"dateTime": "never"}}))
        with self.emulator.settings(duplicate_items=True):
            connection = self.stack.connect_google(owner, email)
            self.stack.wait_synced(connection)
        rows = self.stack.events(connection, everything=True)
        self.assertEqual(len(rows), 33)
        self.assertEqual({key[1]: row["last_error"][:18] for key, row in rows.items() if row["sync_status"] == "FAILED"},
                         {"event00017": "malformed_response"})
        # Tried again, it is read in full once more, and understood now.
        self.emulator.mend_silently(email, "event00017")
        self.sql.execute("UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE sync_status = 'FAILED'")
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_a_worker_killed_between_two_batches(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        watch = Watch(self.stack.database_url, connection)
        with self.half_read(email, connection):
            self.worker.kill()
            self.stack.workers.remove(self.worker)
        # It was among what the next read will not find.
        self.emulator.delete_event(email, email, "event00020")
        self.assertEqual(self.seen(connection), before)
        self.assertEqual(self.staged(), self.HALF)
        self.stack.set(connection, "lease_until = now() - interval '1 second'")
        with self.emulator.bend(email, without_deleted):
            self.stack.start_workers(1)
            self.stack.wait_synced(connection)
        self.assertTwoStates(watch, before, connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_an_operator_who_resets_the_cursor_meanwhile(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        watch = Watch(self.stack.database_url, connection)
        with self.half_read(email, connection):
            self.stack.set(connection, "sync_cursor = NULL")
            self.emulator.delete_event(email, email, "event00020")
        with self.emulator.bend(email, without_deleted):
            self.stack.wait_synced(connection)
        self.worker.wait_log(lambda line: "operator" in str(line.get("metadata", {}).get("error")), "the read that was given up")
        self.assertTwoStates(watch, before, connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_calendar_sync_is_switched_off_meanwhile(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        with self.half_read(email, connection):
            self.stack.reload(CALENDAR_SYNC_ENABLED="false")
        self.addCleanup(self.stack.reload, CALENDAR_SYNC_ENABLED="true")
        row = self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the lease is given back")
        self.assertEqual((self.seen(connection), row["sync_needed"], row["error_count"]), (before, True, 0))
        with self.emulator.bend(email, without_deleted):
            self.stack.reload(CALENDAR_SYNC_ENABLED="true")
            self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_410_in_the_middle(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        watch = Watch(self.stack.database_url, connection)
        with self.emulator.bend(email, without_deleted), self.emulator.trouble("gone_full_sync", email, "events.list", after=8, times=1):
            self.stack.sync(connection)
        self.assertEqual(self.seen(connection), before)
        with self.emulator.bend(email, without_deleted):
            self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertTwoStates(watch, before, connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_a_connection_that_is_deleted_meanwhile(self):
        _, email, connection = self.outdated()
        with self.half_read(email, connection):
            self.sql.execute("DELETE FROM external_calendar_connections WHERE id = %s", connection)
            self.assertNothingStaged()
        self.worker.wait_log(lambda line: line.get("connection_id") == connection and "given up" in line["message"], "the end of the run")
        self.assertNothingStaged()

    def test_a_session_that_ends_in_the_middle_of_the_flip(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        watch = Watch(self.stack.database_url, connection)
        with contextlib.closing(psycopg2.connect(self.stack.database_url)) as blocker:
            blocker.cursor().execute("SELECT 1 FROM external_calendar_events WHERE connection_id = %s AND external_event_id = 'event00011'"
                                     " FOR UPDATE", (connection,))
            with self.emulator.bend(email, without_deleted):
                self.stack.set(connection, "sync_needed = true")
                wait_until(lambda: self.flipping(), 15, "the flip waits for the row")
            self.assertEqual((self.seen(connection), self.staged()), (before, self.ALL))
            self.sql.execute("SELECT pg_terminate_backend(%s)", self.flipping())
            row = self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the run is settled")
            self.assertTrue(row["last_error"].startswith("database_error: "), row["last_error"])
            self.assertEqual(self.seen(connection), before)
        with self.emulator.bend(email, without_deleted):
            self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertTwoStates(watch, before, connection)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def flipping(self):
        return self.sql.value("SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                              " AND query LIKE '%%WITH changed%%'")


class Outlived(StagedCase):
    CONFIG = {"worker": {"checkpoint_rows": 10, "lease_seconds": 5}}

    def test_a_worker_paused_beyond_its_lease_stages_nothing_more(self):
        owner, email, connection = self.outdated()
        with self.half_read(email, connection):
            self.worker.send(signal.SIGSTOP)
        second = self.stack.start_workers(1)[0]
        with self.emulator.bend(email, without_deleted):
            self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the other worker has taken over")
        second.wait_message("calendar sync completed", connection_id=connection)
        settled, mark = self.seen(connection), self.worker.mark()
        self.worker.send(signal.SIGCONT)
        self.worker.wait_log(lambda line: line.get("connection_id") == connection, "the end of the first run", after=mark)
        self.assertEqual(self.seen(connection), settled)
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()

    def test_the_lease_of_a_flip_that_takes_long_is_not_taken_over(self):
        owner, email, connection = self.outdated()
        token = self.stack.connection(connection)["lease_token"]
        second = self.stack.start_workers(1)[0]
        with contextlib.closing(psycopg2.connect(self.stack.database_url)) as blocker:
            blocker.cursor().execute("SELECT 1 FROM external_calendar_events WHERE connection_id = %s AND external_event_id = 'event00011'"
                                     " FOR UPDATE", (connection,))
            with self.emulator.bend(email, without_deleted):
                self.stack.set(connection, "sync_needed = true")
                wait_until(lambda: self.staged() == self.ALL, 15, "all is staged")
                wait_until(lambda: self.stack.connection(connection)["lease_until"] < self.sql.value("SELECT now() - interval '3 seconds'"), 20,
                           "the lease has run out")
        self.stack.wait_synced(connection)
        self.assertEqual(self.stack.connection(connection)["lease_token"], token + 1)
        self.assertTrue(self.worker.alive() and second.alive())
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()


class Crashed(StagedCase):
    CONFIG = {"worker": {"checkpoint_rows": 10, "lease_seconds": 60}}

    def test_a_database_that_crashes_between_two_batches_has_forgotten_them(self):
        owner, email, connection = self.outdated()
        before = self.seen(connection)
        mark = self.worker.mark()
        with self.half_read(email, connection):
            self.sql.close()
            harness.cluster().stop("immediate")
            harness.cluster().start()
            self.assertEqual(self.staged(), 0)
        line = self.worker.wait_log(lambda line: line.get("connection_id") == connection and line.get("error_code") == "database_error",
                                    "the failed run", after=mark, timeout=30)
        self.assertIn("staged", line["metadata"]["error"])
        self.assertEqual(self.seen(connection), before)
        with self.emulator.bend(email, without_deleted):
            self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertMirrors(owner, email, connection)
        self.assertNothingStaged()


def without_deleted(answer, call):
    """As providers answer who have forgotten what was deleted."""
    answer["items"] = [item for item in answer["items"] if item.get("status") != "cancelled" or "recurringEventId" in item]
