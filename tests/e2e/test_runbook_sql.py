# SPDX-License-Identifier: Apache-2.0
"""Every SQL block of docs/runbook.md, executed verbatim through psql against a running system, and what follows from it."""
import csv
import io
import json

import harness
import runbook
from compare import differences
from events import assorted, timed

setUpModule = harness.start_cluster

SET_BACKOFF = ("Enable Backoff for Specific Connection", "Manually set backoff")
CLEAR_BACKOFF = ("Enable Backoff for Specific Connection", "Clear backoff")
CLEAR_AFTER_REAUTH = ("OAuth Token Expired", "Clear backoff if set")
STATUS = ("Check Sync Status", "Query sync state for a provider")
RECENT = ("Check Sync Status", "Check recent sync activity")
STUCK = ("Identify Stuck Syncs", "Find connections that haven't synced recently")
IN_BACKOFF = ("Identify Stuck Syncs", "Check for connections in permanent backoff")
ERRORS = ("Check Error Logs", "View recent errors")
FIND_OWNER = ("Add Provider to Allowlist", "Get provider_id")
EXPIRY = ("OAuth Token Expired", "Check token expiry")
THROTTLED = ("Rate Limiting", "Check backoff status")
ADAPTER = ("Adapter Failures", "Check adapter type")
SCHEMA = ("Database Errors", "Verify table schema is up to date")
RESET = ("Data Recovery", "Reset sync state")
CLEAR_FAILED = ("Data Recovery", "Clear failed events")
DONE_TO_ONE = ("Look Up Actions", "Read what was done to a connection")
DONE_TODAY = ("Look Up Actions", "Read what was done today")
EVERYTHING_OF_ONE = ("Look Up Actions", "Read everything that happened to a connection")
SAY_WHY = ("Say Why", "Give a plain edit its reason")


def is_alert(key):
    """Whether the block stands on an alert's page."""
    return key[0].startswith("Calsync")


class RunbookCase(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.blocks = runbook.blocks()

    def run_block(self, key, owner=None, connection=None, email=None):
        """psql's rows (dictionaries of texts), or its bare output where it prints none."""
        statement = self.blocks[key]
        for name, value in (("<provider_id>", owner), ("<connection_id>", connection), ("<provider_email>", email)):
            if value is not None:
                self.assertIn(name, statement, f"the block {key} has no {name}")
                statement = statement.replace(name, value)
        self.assertNotRegex(statement, "<[a-z_]+>", "a placeholder was not filled in")
        status, output = harness.psql(self.stack.database_url, statement)
        self.assertEqual(status, 0, output)
        self.executed.add(key)
        if statement.lstrip().upper().startswith("SELECT"):
            return list(csv.DictReader(io.StringIO(output)))
        return output

    def of(self, rows, connection, column="id"):
        return [row for row in rows if row[column] == str(connection)]

    def failing(self):
        """A synced connection whose account then answers 500 until the test ends: (owner, address, id)."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        fault = self.emulator.trouble("server_error", email)
        fault.__enter__()
        self.addCleanup(fault.__exit__, None, None, None)
        outcome = self.stack.sync(connection)
        self.assertTrue(outcome["error"].startswith("provider_unavailable: "), outcome)
        return owner, email, connection


class Triage(RunbookCase):
    @runbook.executes(STATUS, RECENT)
    def test_sync_status(self):
        owner, email, connection = self.connected()
        never = self.stack.new_owner()
        self.stack.connect_feed(never, "http://127.0.0.1:9/never.ics")
        row = self.stack.connection(connection)
        found = self.run_block(STATUS, owner=owner)
        self.assertEqual([(one["provider_id"], one["provider"], one["sync_enabled"], one["error_count"], one["last_error"],
                           one["backoff_until"]) for one in found],
                         [(owner, "google", "t", "0", "", "")])
        self.assertTrue(found[0]["last_synced_at"].startswith(row["last_synced_at"].strftime("%Y-%m-%d")))
        recent = self.run_block(RECENT)
        self.assertEqual(len(self.of(recent, owner, "provider_id")), 1)
        self.assertEqual(self.of(recent, never, "provider_id"), [])
        stamps = [one["last_synced_at"] for one in recent]
        self.assertEqual(stamps, sorted(stamps, reverse=True))

    @runbook.executes(STUCK, IN_BACKOFF)
    def test_stuck_syncs(self):
        _, _, fresh = self.connected()
        _, _, failing = self.failing()
        _, _, disabled = self.connected()
        self.stack.app.patch(f"/api/calendar/connections/{disabled}", {"sync_enabled": False})
        # A connection of a provider that no worker serves is stuck for ever.
        owner = self.stack.new_owner()
        stuck = self.sql.value("INSERT INTO external_calendar_connections (provider_id, provider, provider_user_id)"
                               " VALUES (%s, 'microsoft', 'x') RETURNING id", owner)
        found = self.run_block(STUCK)
        self.assertEqual([len(self.of(found, one)) for one in (stuck, fresh, failing, disabled)], [1, 0, 0, 0])
        backoff = self.run_block(IN_BACKOFF)
        self.assertEqual([len(self.of(backoff, one)) for one in (failing, stuck, fresh)], [1, 0, 0])
        self.assertTrue(self.of(backoff, failing)[0]["last_error"].startswith("provider_unavailable: "))

    @runbook.executes(ERRORS)
    def test_recent_errors(self):
        owner, email, connection = self.failing()
        _, _, healthy = self.connected()
        found = self.run_block(ERRORS)
        mine = self.of(found, owner, "provider_id")
        self.assertEqual([(one["provider"], one["error_count"]) for one in mine], [("google", "1")])
        self.assertTrue(mine[0]["last_error"].startswith("provider_unavailable: "))
        self.assertEqual(self.of(found, str(self.stack.connection(healthy)["provider_id"]), "provider_id"), [])
        # The logs say the same, under the category and level that the runbook names.
        line = self.stack.workers[0].wait_message("failed", connection_id=connection, level="error")
        self.assertEqual((line["category"], line["error_code"]), ("calendar_sync", "provider_unavailable"))
        self.assertTrue(line["metadata"])

    @runbook.executes(ADAPTER)
    def test_adapter_type(self):
        owner, _, google = self.connected()
        feed = self.stack.connect_feed(owner, "http://127.0.0.1:9/feed.ics")
        self.assertEqual(self.run_block(ADAPTER, connection=google), [{"provider": "google"}])
        self.assertEqual(self.run_block(ADAPTER, connection=feed), [{"provider": "ics"}])

    @runbook.executes(FIND_OWNER)
    def test_finding_an_owner(self):
        owner = self.stack.new_owner()
        email = self.sql.value("SELECT email FROM profiles WHERE id = %s", owner)
        self.assertEqual(self.run_block(FIND_OWNER, email=email), [{"id": owner, "email": email}])

    @runbook.executes(SCHEMA)
    def test_describing_the_tables(self):
        output = self.run_block(SCHEMA)
        for column in ("provider_id", "sync_enabled", "sync_needed", "sync_cursor", "last_synced_at", "error_count", "last_error",
                       "backoff_until",
                       "token_expiry", "last_webhook_received_at", "sync_frequency_minutes", "external_event_id", "sync_status",
                       "raw_payload"):
            self.assertRegex(output, rf"(?m)^{column},")

    @runbook.executes(EXPIRY)
    def test_token_expiry(self):
        _, _, valid = self.connected()
        _, email, dead = self.connected()
        self.emulator.revoke_grant(email)
        self.stack.set(dead, "token_expiry = now() - interval '1 minute'")
        self.stack.sync(dead)
        found = self.run_block(EXPIRY)
        self.assertEqual([len(self.of(found, one)) for one in (dead, valid)], [1, 0])
        self.assertLess(found[0]["token_expiry"], found[0]["current_time"])

    @runbook.executes(THROTTLED)
    def test_rate_limited_connections(self):
        _, email, connection = self.connected()
        _, _, other = self.connected()
        with self.emulator.trouble("too_many_requests", email, retry_after="600"):
            self.stack.sync(connection)
        found = self.run_block(THROTTLED)
        self.assertEqual([one["error_count"] for one in self.of(found, connection)], ["1"])
        self.assertEqual(self.of(found, other), [])


class Actions(RunbookCase):
    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def backoff_and_clearing(self, clear):
        """A manual backoff holds every call back, also when a sync is asked for; clearing it lets the worker go on by itself."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        _, other_email, other = self.connected()
        self.run_block(SET_BACKOFF, connection=connection)
        row = self.stack.connection(connection)
        self.assertGreater(row["backoff_until"], row["updated_at"])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        asked, asked_other = len(self.emulator.calls(account=email)), len(self.emulator.calls(account=other_email))
        self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)
        # The other account is served again and again meanwhile, by the same worker.
        for _ in range(3):
            self.assertIsNone(self.stack.sync(other)["error"])
        self.assertGreater(len(self.emulator.calls(account=other_email)), asked_other)
        self.assertEqual(len(self.emulator.calls(account=email)), asked)
        self.assertEqual(len(self.stack.events(connection)), 1)
        shown = self.stack.shown(connection)
        self.assertEqual(shown["state"], "delayed")
        self.assertIn("backoff", shown["suggested_action"])
        self.run_block(clear, connection=connection)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)

    @runbook.executes(SET_BACKOFF, CLEAR_BACKOFF)
    def test_manual_backoff_and_clearing_it(self):
        self.backoff_and_clearing(CLEAR_BACKOFF)

    @runbook.executes(SET_BACKOFF, CLEAR_AFTER_REAUTH)
    def test_clearing_the_backoff_after_reauthentication(self):
        self.backoff_and_clearing(CLEAR_AFTER_REAUTH)

    @runbook.executes(SET_BACKOFF)
    def test_a_backoff_that_is_set_while_a_run_is_under_way_stands(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        with self.emulator.hold("api", account=email) as held:
            self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)
            held.wait()
            self.run_block(SET_BACKOFF, connection=connection)
        self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the run is over")
        row = self.stack.connection(connection)
        self.assertIsNotNone(row["backoff_until"])
        self.assertTrue(row["sync_needed"])

    def spoil(self, connection, event_id, assignments):
        touched = self.sql.execute(f"UPDATE external_calendar_events SET {assignments} WHERE connection_id = %s AND external_event_id = %s",
                                   connection, event_id)
        self.assertEqual(touched, 1)

    @runbook.executes(RESET)
    def test_resetting_the_sync_state(self):
        owner, email, connection = self.connected(assorted())
        before = self.stack.events(connection)
        # What a mirror that has gone wrong looks like: a ghost, a lost row, a row with old content.
        self.spoil(connection, "plain00001", "external_event_id = 'ghost00001'")
        self.sql.execute("DELETE FROM external_calendar_events WHERE connection_id = %s AND external_event_id = 'full000001'", connection)
        self.spoil(connection, "free000001", "title = 'Old', etag = 'old'")
        self.stack.set(connection, "error_count = 9, last_error = 'internal_error: x', backoff_until = now() + interval '1 day'")
        asked = len(self.emulator.calls(account=email))
        self.run_block(RESET, connection=connection)
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
        self.assertMirrors(owner, email, connection)
        calls = [call for call in self.emulator.calls(account=email)[asked:] if call["path"].endswith("/events")]
        self.assertTrue(calls)
        self.assertNotIn("syncToken", str(calls[0]["query"]))
        after = self.stack.events(connection, everything=True)
        self.assertEqual(len(after), len(before) + 1, "the ghost stays as a tombstone and nothing is there twice")
        self.assertEqual(after[email, "allday0001"], before[email, "allday0001"])

    @runbook.executes(RESET)
    def test_resetting_while_a_run_is_under_way(self):
        owner, email, connection = self.connected(assorted())
        self.emulator.put_event(email, email, timed("new0000001", "New"))
        with self.emulator.hold("api", account=email) as held:
            self.assertEqual(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}).status, 202)
            held.wait()
            asked = len(self.emulator.calls(account=email))
            self.run_block(RESET, connection=connection)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        full = [call for call in self.emulator.calls(account=email)[asked:] if call["path"].endswith("/events")
                and "syncToken" not in str(call["query"])]
        self.assertTrue(full, "after the reset a full read follows, whatever the run under way has settled")

    @runbook.executes(CLEAR_FAILED)
    def test_clearing_failed_events(self):
        owner, email, connection = self.connected([timed("good000001", "Good")])
        for name in ("bad0000001", "bad0000002"):
            self.emulator.put_event(email, email, timed(name, "Good after all"))
            self.emulator.put_raw_event(email, name, json.dumps({**timed(name, "Bad"), "start": {"dateTime": "whenever"}}))
        self.stack.sync(connection)
        self.assertEqual(self.stack.shown(connection)["failed_events"], 2)
        other_owner = self.stack.new_owner()
        # Mended at the provider without a trace in the change feed: only trying again finds out.
        self.emulator.mend_silently(email, "bad0000001")
        self.run_block(CLEAR_FAILED, owner=other_owner)
        self.assertEqual(self.stack.shown(connection)["failed_events"], 2)
        self.run_block(CLEAR_FAILED, owner=owner)
        self.stack.wait_synced(connection)
        rows = {key[1]: row for key, row in self.stack.events(connection).items()}
        self.assertEqual({name: (row["sync_status"], row["title"]) for name, row in rows.items() if name != "bad0000002"},
                         {"good000001": ("SYNCED", "Good"), "bad0000001": ("SYNCED", "Good after all")})
        self.assertEqual(rows["bad0000002"]["sync_status"], "FAILED")
        self.assertTrue(rows["bad0000002"]["last_error"].startswith("malformed_response: "))
        self.assertEqual(self.stack.shown(connection)["failed_events"], 1)

    @runbook.executes(SET_BACKOFF, SAY_WHY, DONE_TO_ONE, DONE_TODAY, EVERYTHING_OF_ONE)
    def test_edits_are_found_in_the_audit(self):
        owner, _, connection = self.connected()
        self.run_block(SET_BACKOFF, connection=connection)
        self.run_block(SAY_WHY, connection=connection)
        found = self.run_block(DONE_TO_ONE, connection=connection)
        self.assertEqual([(one["actor_kind"], one["actor"], one["action"], one["reason"]) for one in found[:2]],
                         [("sql", "calsync", "edit", "a flood of calls, see the incident channel"), ("sql", "calsync", "edit", "")])
        self.assertEqual(json.loads(found[0]["after"]), {"sync_enabled": False})
        today = self.of(self.run_block(DONE_TODAY), connection, "connection_id")
        self.assertEqual([one["provider_id"] for one in today[:2]], [owner, owner])
        told = self.run_block(EVERYTHING_OF_ONE, connection=connection)
        self.assertEqual([(one["kind"], one["what"], one["who"]) for one in told[:2]], [("action", "edit", "sql calsync")] * 2)
        self.assertIn(("event", "connected"), [(one["kind"], one["what"]) for one in told])

    def test_every_block_is_executed_by_a_named_test(self):
        named = set()
        for case in (Triage, Actions):
            for name in dir(case):
                named |= set(getattr(getattr(case, name), "blocks", ()) if name.startswith("test_") else ())
        # The alerts' pages are test_runbook_alerts' part.
        self.assertEqual(named, {key for key in self.blocks if not is_alert(key)})
        self.assertEqual(len(self.blocks), runbook.text().count("```sql"))
