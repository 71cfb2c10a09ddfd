# SPDX-License-Identifier: Apache-2.0
"""Workers that die, hang and stop: what another one takes over, and that nothing happens twice. See also test_drill_workers.py."""
import signal
import subprocess
import threading

import psycopg2

import harness
from compare import differences
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster


class CrashCase(harness.Case):
    WORKERS = 0

    def setUp(self):
        self.addCleanup(self.end_workers)

    def end_workers(self):
        for worker in self.stack.workers:
            worker.end()
        self.stack.workers = []
        self.sql.execute("DELETE FROM external_calendar_connections")

    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def prepared(self):
        """One worker, a synced connection and a change at the provider."""
        first = self.stack.start_workers(1)[0]
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        return first, owner, email, connection

    def request(self, connection):
        self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)


class Dying(CrashCase):
    CONFIG = {"worker": {"lease_seconds": 120}}

    def test_a_worker_killed_in_a_long_first_sync_loses_and_doubles_nothing(self):
        first = self.stack.start_workers(1)[0]
        owner, email = self.stack.new_owner(), self.account()
        self.emulator.put_events(email, email, [timed(f"event{number:05}", f"Event {number}") for number in range(900)])
        with self.emulator.hold("api", account=email, after=3) as held:
            connection = self.stack.connect_google(owner, email)
            held.wait()
            first.kill()
            self.stack.workers.remove(first)
        self.stack.set(connection, "lease_until = now() - interval '1 second'")
        self.stack.start_workers(1)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        self.assertEqual(len(self.stack.events(connection, everything=True)), 900)


class Hanging(CrashCase):
    CONFIG = {"worker": {"lease_seconds": 5}}

    def test_a_worker_paused_beyond_its_lease_writes_nothing_when_it_wakes_up(self):
        first, owner, email, connection = self.prepared()
        with self.emulator.hold("api", account=email) as held:
            self.request(connection)
            held.wait()
            token = self.stack.connection(connection)["lease_token"]
            first.send(signal.SIGSTOP)
        second = self.stack.start_workers(1)[0]
        self.stack.wait_row(connection, lambda row: row["lease_token"] == token + 1 and row["lease_until"] is None,
                            "the other worker has taken over")
        second.wait_message("calendar sync completed", connection_id=connection)
        self.emulator.put_event(email, email, timed("two0000001", "Two, newer"))
        self.stack.sync(connection)
        settled, rows = self.stack.connection(connection), self.stack.events(connection, everything=True)
        mark = first.mark()
        first.send(signal.SIGCONT)
        first.wait_log(lambda line: line.get("connection_id") == connection and line.get("error_code") == "lease_lost",
                       "the lost lease", after=mark)
        self.assertEqual(self.stack.connection(connection), settled)
        self.assertEqual(self.stack.events(connection, everything=True), rows)
        self.assertMirrors(owner, email, connection)


class Listening(CrashCase):
    CONFIG = {"worker": {"lease_seconds": 120, "heartbeat_milliseconds": 10000, "request_seconds": 40}}

    def test_silence_from_before_a_worker_listened_is_no_proof_of_death(self):
        """A database that was away for a while makes everybody look dead to whoever comes first."""
        _, _, email, connection = self.prepared()
        with self.emulator.hold("api", account=email) as held:
            self.request(connection)
            held.wait()
            claimed = self.stack.connection(connection)
            self.sql.execute("UPDATE calendar_sync_workers SET heartbeat_at = now() - interval '16 seconds'")
            self.stack.start_workers(1)
            wait_until(lambda: self.sql.value("SELECT bool_and(heartbeat_at > now() - interval '10 seconds') FROM calendar_sync_workers"), 20,
                       "the first one's next sign of life")
            self.assertEqual(self.stack.connection(connection), claimed, "its lease is left alone")
        self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the run is settled")
        self.assertEqual(self.stack.connection(connection)["lease_token"], claimed["lease_token"])


class Together(CrashCase):
    CONNECTIONS = 200
    CONFIG = {"worker": {"concurrency": 16, "lease_seconds": 120}}

    def connect_all(self):
        found = []
        for number in range(self.CONNECTIONS // 2):
            owner = self.stack.new_owner()
            for _ in range(2):
                email = self.account([timed("one0000001", f"One of {number}")])
                found.append((owner, email, self.stack.connect_google(owner, email)))
        return found

    def in_step(self):
        return self.sql.value("SELECT count(*) FROM external_calendar_connections"
                              " WHERE last_synced_at IS NOT NULL AND NOT sync_needed AND lease_until IS NULL")

    def calls_by_account(self):
        counted = {}
        for call in self.emulator.calls(path="/calendar/v3"):
            counted[call["account"]] = counted.get(call["account"], 0) + 1
        return counted

    def wake_all(self):
        """In the workers' order of locks: else Postgres may have to end a statement over so many rows, this one or theirs."""
        self.sql.execute("UPDATE external_calendar_connections SET sync_needed = true WHERE id = ANY (ARRAY ("
                         "SELECT id FROM external_calendar_connections ORDER BY id FOR NO KEY UPDATE))")

    def wait_all(self, timeout=40):
        wait_until(lambda: self.in_step() == self.CONNECTIONS, timeout,
                   lambda: f"{self.in_step()} of {self.CONNECTIONS} connections are in step")

    def assertAllMirrored(self, everyone):
        for owner, email, connection in everyone:
            self.assertMirrors(owner, email, connection)
        twice = self.sql.rows("SELECT connection_id, external_event_id FROM external_calendar_events GROUP BY 1, 2 HAVING count(*) > 1")
        self.assertEqual(twice, [])

    def test_two_workers_share_the_work_and_never_do_it_twice(self):
        everyone = self.connect_all()
        self.assertEqual(self.calls_by_account(), {})
        self.stack.start_workers(2)
        self.wait_all()
        self.assertAllMirrored(everyone)
        # One claim each, one list of calendars and one of events each: no run happened twice.
        self.assertEqual(self.sql.column("SELECT DISTINCT lease_token FROM external_calendar_connections"), [1])
        self.assertEqual(set(self.calls_by_account().values()), {2})
        self.assertEqual(len(self.calls_by_account()), self.CONNECTIONS)
        runs = self.sql.row("SELECT count(*) AS runs, count(DISTINCT connection_id) AS connections, count(DISTINCT worker_id) AS workers"
                            " FROM calendar_sync_runs")
        self.assertEqual((runs["runs"], runs["connections"], runs["workers"]), (self.CONNECTIONS, self.CONNECTIONS, 2))

        # Again, asked for a hundred times over: one more run each, or two where a request came while it ran.
        for _ in range(5):
            self.wake_all()
        self.wait_all()
        claims = self.sql.rows("SELECT provider_email, lease_token FROM external_calendar_connections")
        self.assertEqual(self.calls_by_account(), {row["provider_email"]: 2 * row["lease_token"] for row in claims})

        # And with one of the two killed in the middle.
        for _, email, _ in everyone:
            self.emulator.put_event(email, email, timed("two0000001", "Two"))
        victim = self.stack.workers[0]
        with self.emulator.hold("api", account=everyone[0][1]) as held:
            self.wake_all()
            held.wait()
            victim.kill()
            self.stack.workers.remove(victim)
        self.wait_all()
        self.assertAllMirrored(everyone)
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE error_count > 0"), 0)


class Stopping(CrashCase):
    CONFIG = {"worker": {"drain_seconds": 2, "request_seconds": 5}}

    def test_sigterm_finishes_what_is_under_way(self):
        worker, owner, email, connection = self.prepared()
        with self.emulator.hold("api", account=email) as held:
            self.request(connection)
            held.wait()
            worker.send(signal.SIGTERM)
            worker.wait_message("stopping")
        self.assertEqual(worker.wait(), 0)
        self.stack.workers.remove(worker)
        self.assertEqual(worker.logs[-1]["message"], "sync-worker stopped")
        row = self.stack.connection(connection)
        self.assertEqual((row["sync_needed"], row["lease_until"], row["error_count"]), (False, None, 0))
        self.assertMirrors(owner, email, connection)
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_sync_workers"), 0)

    def test_sigterm_waits_until_the_verdict_is_stored(self):
        """A worker that ends while its settlement is on the way to the database would leave a lease that nobody takes over."""
        worker = self.stack.start_workers(1)[0]
        _, email, connection = self.connected([timed("one0000001", "One")])
        before = self.stack.connection(connection)
        with psycopg2.connect(self.stack.database_url) as blocker:
            with self.emulator.hold("api", account=email) as held:
                self.request(connection)
                held.wait()
                blocker.cursor().execute("SELECT 1 FROM external_calendar_connections WHERE id = %s FOR UPDATE", (connection,))
                locked = self.sql.value("SELECT clock_timestamp()")
            wait_until(lambda: self.settlements_since(locked), 10, "a settlement finds the row locked")
            worker.send(signal.SIGTERM)
            worker.wait_message("stopping")
            with self.assertRaises(subprocess.TimeoutExpired, msg="it ended before its verdict was stored"):
                worker.process.wait(1)
        blocker.close()
        self.assertEqual(worker.wait(), 0)
        self.stack.workers.remove(worker)
        row = self.stack.connection(connection)
        self.assertEqual((row["lease_until"], row["sync_needed"], row["error_count"]), (None, False, 0))
        self.assertGreater(row["last_synced_at"], before["last_synced_at"])

    def settlements_since(self, moment):
        return self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                              " AND query LIKE '%%settled AS (%%' AND query_start > %s", moment) > 0

    def test_sigterm_gives_back_what_does_not_end_in_time(self):
        worker, owner, email, connection = self.prepared()
        before = self.stack.connection(connection)
        with self.emulator.hold("api", account=email) as held:
            self.request(connection)
            held.wait()
            worker.send(signal.SIGINT)
            self.assertEqual(worker.wait(), 0)
            self.stack.workers.remove(worker)
        worker.wait_message("did not end in the drain time", level="warn")
        row = self.stack.connection(connection)
        self.assertEqual((row["lease_until"], row["sync_needed"], row["error_count"], row["sync_cursor"]),
                         (None, True, 0, before["sync_cursor"]))
        self.stack.start_workers(1)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)

    def test_the_api_server_answers_what_it_has_begun(self):
        worker, _, email, connection = self.prepared()
        answers = []
        with self.emulator.hold("api", account=email) as held:
            body = {"connection_id": connection}
            caller = threading.Thread(target=lambda: answers.append(self.stack.app.post("/api/calendar/sync", body, wait=30)))
            caller.start()
            held.wait()
            self.stack.api_process.send(signal.SIGTERM)
        caller.join()
        self.assertEqual((answers[0].status, answers[0].json()["status"]), (200, "completed"), answers[0].text)
        self.assertEqual(self.stack.api_process.wait(), 0)
        self.stack.start_api()
        self.assertTrue(worker.alive())
