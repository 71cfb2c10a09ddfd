# SPDX-License-Identifier: Apache-2.0
"""Both daemons and an operator with the least privileges that sql/roles.sql gives them."""
import subprocess
import uuid

import psycopg2

import harness
from events import timed
from harness import wait_until
from metrics import Metrics
from sealing import new_key
from stack import ROOT, Stack

setUpModule = harness.start_cluster


class LeastPrivilege(harness.Case):
    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        cluster = harness.cluster()
        cluster.create_database(name, harness.TEMPLATE)
        cls.stack = Stack(cluster, name, {"push": {"open_channels": True, "patience_seconds": 1}})
        cls.addClassCleanup(cls.stack.close)
        cls.stack.emulator.control("POST", "/settings", {"push_allow_http": True})
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "sql" / "roles.sql", cls.stack.database_url], check=True)
        for role in ("api", "worker", "oncall"):
            cls.stack.sql.execute(f"CREATE USER {role}_user IN ROLE calsync_{role}")
        cls.stack.environment["DATABASE_URL"] = cls.as_user("api_user")
        cls.stack.start_api()
        cls.stack.environment["DATABASE_URL"] = cls.as_user("worker_user")
        cls.stack.start_workers(1)

    @classmethod
    def as_user(cls, user):
        return cls.stack.database_url.replace("calsync@", user + "@")

    def tearDown(self):
        refused = [line for line in self.stack.output().splitlines() if "permission denied" in line]
        self.assertEqual(refused, [])

    def test_everything_works(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND state = 'live'", connection) == 1, 15,
                   "the channel is open")
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        wait_until(lambda: "Two" in {row["title"] for row in self.stack.events(connection).values()}, 15, "the push is mirrored")
        # A renewal, a suspicion and what a message does about it.
        self.sql.execute("UPDATE calendar_push_channels SET renew_at = now(), missed_at = now() WHERE connection_id = %s", connection)
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND renew_at > now()"
                                          " AND missed_at IS NULL", connection) == 1, 15, "the channel is renewed")
        self.assertEqual(self.stack.app.patch(f"/api/calendar/connections/{connection}", {"calendars": [], "sync_frequency_minutes": 7}).status, 200)
        self.stack.sync(connection)
        self.assertEqual(self.stack.app.patch(f"/api/calendar/connections/{connection}", {"calendars": [email]}).status, 200)
        self.stack.sync(connection)
        run = self.stack.admin.post("/api/admin/calendar/jobs/run", {"wait_seconds": 20})
        self.assertEqual((run.status, run.json()["summary"]["connections_failed"]), (200, 0), run.text)
        self.assertEqual(self.stack.admin.get("/api/admin/calendar/status").status, 200)
        self.assertEqual(self.stack.app.get("/api/calendar/events", provider_id=owner, **{"from": "2020-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}).status, 200)
        wait_until(lambda: Metrics.read(self.stack).value("calendar_sync_runs_total", provider="google", outcome="complete") > 0, 10, "runs are counted")
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s AND state = 'live'", connection) == 1, 15,
                   "the channel is open again")
        gone = self.stack.app.delete(f"/api/calendar/connections/{connection}")
        self.assertEqual((gone.status, gone.json()["revocation"]), (200, "done"), gone.text)

    def test_disconnecting_without_channels(self):
        self.stack.reload(CALENDAR_WEBHOOK_ENABLED="false")
        try:
            _, _, connection = self.connected()
            gone = self.stack.app.delete(f"/api/calendar/connections/{connection}")
            self.assertEqual((gone.status, gone.json()["revocation"]), (200, "done"), gone.text)
            self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_revocations"), 0)
        finally:
            self.stack.reload(CALENDAR_WEBHOOK_ENABLED="true")

    def test_keys_rotate_with_the_role_of_the_api_server(self):
        _, _, connection = self.connected()
        self.sql.execute("INSERT INTO calendar_revocations (provider, provider_id, sealed, next_attempt_at) VALUES ('google', gen_random_uuid(), 'v1.x.a.a', '2090-01-01')")
        self.addCleanup(self.sql.execute, "DELETE FROM calendar_revocations")
        ring = self.stack.environment["CALENDAR_TOKEN_KEYS"]
        environment = {**self.stack.environment, "DATABASE_URL": self.as_user("api_user"), "CALENDAR_TOKEN_KEYS": new_key("k2") + "," + ring}
        status, output, error = self.stack.run_api("rotate-keys", environment=environment)
        self.assertIn("1 left", output + error)
        self.assertEqual((status, "permission" in error), (1, False), error)
        # Back again, for the daemons that know nothing of the new key.
        status, output, error = self.stack.run_api("rotate-keys", environment={**environment, "CALENDAR_TOKEN_KEYS": ",".join(
            reversed(environment["CALENDAR_TOKEN_KEYS"].split(",")))})
        self.assertIn("with the key 'k1'", output + error)
        self.assertIsNone(self.stack.sync(connection)["error"])

    def test_people_on_call_run_the_runbook_and_see_no_secret(self):
        _, _, connection = self.connected([timed("one0000001", "One")])
        with psycopg2.connect(self.as_user("oncall_user")) as session, session.cursor() as cursor:
            cursor.execute("UPDATE external_calendar_connections SET sync_cursor = NULL, last_synced_at = NULL, error_count = 0, last_error = NULL,"
                           " backoff_until = NULL WHERE id = %s", (connection,))
            cursor.execute("UPDATE external_calendar_events SET sync_status = 'CREATED', last_error = NULL WHERE connection_id = %s", (connection,))
            cursor.execute("SELECT id, state, renew_at FROM calendar_push_channels")
            cursor.execute("SELECT watch_error FROM external_calendars")
        self.stack.wait_synced(connection)
        for table in ("external_calendar_credentials", "calendar_abandoned_channels", "calendar_revocations", "calendar_oauth_flows"):
            with self.subTest(table), psycopg2.connect(self.as_user("oncall_user")) as session, session.cursor() as cursor:
                with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(f"SELECT * FROM {table}")
