# SPDX-License-Identifier: Apache-2.0
"""Drill: the database stops in the middle of a run and comes back. Nothing is half-written, the API says within a second what is
wrong, both daemons live on, and afterwards the mirror equals the provider."""
import contextlib
import time

import psycopg2

import harness
from counting import PUSHES
from events import assorted, timed
from failing import FailureCase
from harness import wait_until
from pushes import Announced

setUpModule = harness.start_cluster
STOPS = ("fast", "immediate")


class DatabaseCase(FailureCase):
    def setUp(self):
        # Every test begins with daemons that have not seen a database die.
        self.stack.restart()
        super().setUp()

    @contextlib.contextmanager
    def without_database(self, mode):
        """The database is stopped for the length of the block, and is back when it is left."""
        worker = self.stack.workers[0]
        mark = worker.mark()
        self.sql.close()
        harness.cluster().stop(mode)
        try:
            line = worker.wait_message("database cannot be reached", after=mark)
            self.assertEqual((line["level"], line["category"], line["error_code"]), ("error", "calendar_sync", "database_error"))
            self.assertTrue(line["metadata"]["reason"])
            self.assertEqual(self.figures().value("calendar_database_up"), 0)
            yield
            self.assertEqual(self.figures().value("calendar_database_up"), 0)
        finally:
            harness.cluster().start()
        worker.wait_message("reachable again", after=mark, level="info", timeout=20)
        self.wait_figure(1, "calendar_database_up")

    def assertBothAlive(self):
        self.assertTrue(self.stack.api_process.alive())
        self.assertTrue(self.stack.workers[0].alive())


class DatabaseInMidRun(DatabaseCase):
    CONFIG = {"worker": {"lease_seconds": 60}}

    def assertSaidSoon(self, ask):
        begun = time.monotonic()
        answer = self.assertAnswer(ask(), 503, "database_error")
        self.assertLess(time.monotonic() - begun, 1)
        self.assertGreater(int(answer.header("Retry-After")), 0)
        self.assertNotIn("postgres", answer.text.lower())

    def assertEverybodySaysSo(self, owner, connection, channel):
        """What the host application, an operator, a browser and the provider are told."""
        before = self.figures()
        for ask in (lambda: self.stack.app.get(f"/api/calendar/connections/{connection}"),
                    lambda: self.stack.app.get("/api/calendar/connections", provider_id=owner),
                    lambda: self.stack.app.post("/api/calendar/sync", {"connection_id": connection}, wait=30),
                    lambda: self.stack.app.get("/api/auth/google", provider_id=owner),
                    lambda: self.stack.admin.get("/api/admin/calendar/status"),
                    lambda: self.stack.admin.post("/api/admin/calendar/jobs/run", {}),
                    lambda: self.push(channel)):
            self.assertSaidSoon(ask)
        self.assertGrown(before, 1, PUSHES, provider="google", result="database_error")
        self.assertEqual(self.stack.stranger.get("/healthz").status, 200)
        self.assertAnswer(self.stack.stranger.get("/readyz"), 503)

    def assertRecovers(self, before, owner, email, connection):
        """What the outage has left is one failed run and nothing of its rows; the next run, which somebody on call need not wait for,
        makes up for it."""
        self.stack.wait_row(connection, lambda row: row["error_count"] == 1 and row["lease_until"] is None, "the verdict is stored")
        self.assertFailed("database_error", connection, low=1, high=15, after=self.marks[connection])
        self.assertEqual(self.state(connection), before, "neither rows nor cursor")
        self.stack.set(connection, "backoff_until = NULL")
        self.assertHealed(owner, email, connection)
        self.assertBothAlive()
        self.assertEqual(self.stack.stranger.get("/readyz").status, 200)

    def state(self, connection):
        """(cursor, rows, last sync) as one statement sees them."""
        found = self.sql.row("SELECT sync_cursor, last_synced_at, (SELECT json_agg(e ORDER BY e.id) FROM external_calendar_events e"
                             " WHERE e.connection_id = c.id) AS rows FROM external_calendar_connections c WHERE id = %s", connection)
        return found["sync_cursor"], found["rows"], found["last_synced_at"]

    def stopped_while_the_provider_answers(self, mode, who, start):
        """start() begins a run; the database stops while the provider's answer is on its way, and is back only after it."""
        owner, email, connection = who
        self.emulator.put_events(email, email, assorted())
        worker = self.stack.workers[0]
        self.marks[connection] = mark = worker.mark()
        with self.emulator.hold("api", account=email) as held:
            start(connection)
            held.wait()
            before, channel = self.state(connection), self.channel(connection)
            with self.without_database(mode):
                held.released.set()
                self.log_of(connection, "the end of the run", lambda line: line.get("error_code") == "database_error", mark)
                line = worker.wait_message("did not take the verdicts", after=mark, error_code="database_error")
                self.assertEqual(line["metadata"]["waiting"], "1")
                self.assertEverybodySaysSo(owner, connection, channel)
                self.assertBothAlive()
        self.assertRecovers(before, owner, email, connection)

    def test_stopped_during_a_later_run(self):
        for mode in STOPS:
            with self.subTest(mode=mode):
                self.stopped_while_the_provider_answers(mode, self.connected([timed("one0000001", "One")]),
                                                        lambda connection: self.stack.set(connection, "sync_needed = true"))

    def test_stopped_during_the_first_run(self):
        for mode in STOPS:
            with self.subTest(mode=mode):
                owner, email = self.stack.new_owner(), self.account()
                with self.emulator.trouble("unavailable", email, retry_after="3600"):
                    connection = self.stack.connect_google(owner, email)
                    self.stack.wait_row(connection, lambda row: row["error_count"] == 1 and row["lease_until"] is None, "the first try has failed")
                self.stopped_while_the_provider_answers(mode, (owner, email, connection),
                                                        lambda connection: self.stack.set(connection, "backoff_until = NULL, error_count = 0"))

    def somebody_waits_for_a_lock(self):
        return self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0

    def test_stopped_in_the_middle_of_the_transaction_that_settles_a_run(self):
        """The rows are written and not yet committed: none of them is there afterwards, and the cursor is the old one."""
        for mode in STOPS:
            with self.subTest(mode=mode):
                owner, email, connection = self.connected([timed("one0000001", "One")])
                before = self.state(connection)
                self.marks[connection] = mark = self.stack.workers[0].mark()
                self.emulator.put_events(email, email, assorted())
                with contextlib.closing(psycopg2.connect(self.stack.database_url)) as blocker:
                    # The history is written last.
                    blocker.cursor().execute("LOCK TABLE calendar_sync_runs IN EXCLUSIVE MODE")
                    self.stack.set(connection, "sync_needed = true")
                    wait_until(self.somebody_waits_for_a_lock, 10, "the settlement waits")
                    with self.without_database(mode):
                        self.log_of(connection, "the end of the run", lambda line: line.get("error_code") == "database_error", mark)
                self.assertRecovers(before, owner, email, connection)


class PushDuringTheOutage(Announced, DatabaseCase):
    CONFIG = {"push": {"open_channels": True}}

    def test_it_is_repeated_by_the_provider_and_served(self):
        owner, email, connection, channel = self.watched_there([timed("one0000001", "One")])
        with self.emulator.settings(push_retry_ms=100, push_retries=9):
            with self.without_database("fast"):
                self.emulator.put_event(email, email, timed("two0000001", "Two"))
                refused = self.emulator.wait_delivery(channel, state="exists", outcome="retrying")
                self.assertEqual({one["status"] for one in refused}, {503})
            self.emulator.wait_delivery(channel, outcome="delivered", message_number=refused[0]["message_number"])
            wait_until(lambda: (email, "two0000001") in self.stack.events(connection), 20, "the change is mirrored")
            self.stack.wait_synced(connection)
            self.assertMirrors(owner, email, connection)
            self.assertBothAlive()
