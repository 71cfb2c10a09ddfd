# SPDX-License-Identifier: Apache-2.0
"""The SQL blocks of the alerts' pages in docs/runbook.md, executed verbatim, most as an engineer on call may."""
import subprocess
import threading

import harness
import psycopg2
import runbook
import test_runbook_sql as base
from harness import wait_until
from stack import ROOT, Stack

setUpModule = harness.start_cluster
ONCALL = "alerts_oncall"
LATE = ("CalsyncFreshnessBurnFast", "Which connections are out of step")
AWAY = ("CalsyncProviderAway", "Which hosts are away and since when")
ANSWERS = ("CalsyncProviderStale", "What the provider answers")
WORKERS = ("CalsyncStalled", "Who works and on what")
WAITS = ("CalsyncQueueWaits", "How long what is due has waited")
FAILURES = ("CalsyncFailureRate", "Which failures there were in the last hour")
MISCONFIGURED = ("CalsyncConfigurationErrors", "What is misconfigured")
BUDGETS = ("CalsyncThrottled", "Which budgets are closed")
CHANNELS = ("CalsyncChannelsDead", "Which channels have run out")
BUSY = ("CalsyncDatabasePoolFull", "What the database is busy with")
FLAGS = ("CalsyncSwitchedOff", "What the daemons run with")
KEYS = ("CalsyncKeysMissing", "Which keys are in use")
TOKENS = ("CalsyncGrantsOverdue", "Whose tokens have run out")
REFUSED = ("CalsyncGrantsRefused", "Whose grants were refused")
REAUTH = ("CalsyncReauthWaits", "Who has to connect again")
SUSPENDED = ("CalsyncSuspended", "Which connections are suspended")
UNREADABLE = ("CalsyncUnreadableEvents", "What cannot be understood")
# These need more than people on call may read.
OF_THE_OWNER = {BUSY, KEYS}


class Pages(base.RunbookCase):
    """Rows as they are when the alert rings; no worker, which would mend them."""

    @classmethod
    def setUpClass(cls):
        cls.blocks = runbook.blocks()
        cls.stack = Stack(harness.cluster(), harness.TEMPLATE, with_emulator=False)
        cls.addClassCleanup(cls.stack.close)
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "sql" / "roles.sql", cls.stack.database_url], check=True)
        cls.stack.sql.execute(f"CREATE USER {ONCALL} IN ROLE calsync_oncall")

    def setUp(self):
        for table in ("external_calendar_connections", "calendar_sync_workers", "calendar_provider_circuits", "calendar_rate_buckets"):
            self.sql.execute(f"DELETE FROM {table}")
        self.owner = self.stack.new_owner()

    def add(self, provider="google", **columns):
        columns = {"last_synced_at": "now()", "sync_needed": "false", "provider_user_id": "gen_random_uuid()", **columns}
        return self.sql.value(f"INSERT INTO external_calendar_connections (provider_id, provider, {', '.join(columns)})"
                              f" VALUES (%s, %s, {', '.join(columns.values())}) RETURNING id::text", self.owner, provider)

    def look(self, key):
        """The block's rows, as its reader gets them."""
        owner_url = self.stack.database_url
        if key not in OF_THE_OWNER:
            self.stack.database_url = owner_url.replace("calsync@", ONCALL + "@")
            self.assertNotEqual(self.stack.database_url, owner_url)
        try:
            return self.run_block(key)
        finally:
            self.stack.database_url = owner_url

    @runbook.executes(LATE, WAITS)
    def test_out_of_step(self):
        self.add()
        old = self.add(last_synced_at="now() - interval '3 hours'")
        self.add(last_synced_at="now() - interval '1 hour'")
        self.add("ics", last_synced_at="now() - interval '1 hour'", last_error="'configuration_error: x'", backoff_until="now() + interval '1 hour'")
        rows = self.look(LATE)
        self.assertEqual([(row["provider"], row["error"], row["connections"]) for row in rows],
                         [("google", "no error", "2"), ("ics", "configuration_error", "1")])
        self.assertEqual(rows[0]["example"], old)
        waits = self.look(WAITS)
        self.assertEqual([(row["provider"], row["due"]) for row in waits], [("google", "2")])
        self.assertTrue(waits[0]["longest"].startswith("02:5"), waits)

    @runbook.executes(AWAY, ANSWERS, MISCONFIGURED)
    def test_whose_failures(self):
        self.sql.execute("INSERT INTO calendar_provider_circuits (provider, host, state, reason) VALUES ('google', 'a', 'open', 'timeout'),"
                         " ('microsoft', 'b', 'closed', '')")
        self.add(last_error="'provider_unavailable: 503'", error_count="1")
        self.add(last_error="'configuration_error: no client'", error_count="1")
        self.assertEqual([(row["provider"], row["reason"]) for row in self.look(AWAY)], [("google", "timeout")])
        self.assertEqual({row["error"] for row in self.look(ANSWERS)}, {"provider_unavailable", "configuration_error"})
        self.assertEqual([row["last_error"] for row in self.look(MISCONFIGURED)], ["configuration_error: no client"])

    @runbook.executes(WORKERS)
    def test_who_works(self):
        worker = self.sql.value("INSERT INTO calendar_sync_workers (id, host, version) VALUES (gen_random_uuid(), 'h1', '1') RETURNING id::text")
        self.sql.execute("INSERT INTO calendar_sync_workers (id, host, version, heartbeat_at) VALUES (gen_random_uuid(), 'h2', '1', now() - interval '1 hour')")
        self.add(lease_owner=f"'{worker}'", lease_until="now() + interval '1 minute'")
        self.assertEqual([(row["host"], row["leases"]) for row in self.look(WORKERS)], [("h1", "1"), ("h2", "0")])

    @runbook.executes(FAILURES)
    def test_failed_runs(self):
        connection = self.add()
        for outcome, error, minutes in (("retry", "timeout: x", 5), ("complete", None, 5), ("suspend", "invalid_token: x", 200)):
            self.sql.execute("INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, lease_token, outcome, error, provider_status,"
                             " started_at, finished_at) VALUES (gen_random_uuid(), %s, %s, 'google', 1, %s, %s, 504, now(), now() - %s * interval '1 minute')",
                             connection, self.owner, outcome, error, minutes)
        self.assertEqual([(row["error"], row["runs"], row["provider_status"]) for row in self.look(FAILURES)], [("timeout", "1", "504")])

    @runbook.executes(BUDGETS, CHANNELS)
    def test_budgets_and_channels(self):
        self.sql.execute("INSERT INTO calendar_rate_buckets (scope, key, tokens, per_second, burst, blocked_until) VALUES"
                         " ('project', 'google/x', 0, 1, 1, now() + interval '1 minute'), ('project', 'microsoft/x', 0, 1, 1, NULL)")
        self.assertEqual([row["key"] for row in self.look(BUDGETS)], ["google/x"])
        connection = self.add(last_error="'invalid_token: x'")
        for name, minutes in (("dead", -5), ("well", 5)):
            self.sql.execute("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, secret_hash, state, expires_at)"
                             " VALUES (%s, %s, %s, '', 'live', now() + %s * interval '1 minute')", name, connection, name, minutes)
        self.assertEqual([(row["external_calendar_id"], row["connection_error"]) for row in self.look(CHANNELS)], [("dead", "invalid_token: x")])

    @runbook.executes(BUSY)
    def test_a_session_that_waits_for_a_lock(self):
        holder, waiter = (psycopg2.connect(self.stack.database_url) for _ in range(2))
        self.addCleanup(holder.close)
        self.addCleanup(waiter.close)
        holder.cursor().execute("LOCK TABLE profiles")
        waiting = threading.Thread(target=lambda: waiter.cursor().execute("LOCK TABLE profiles"))
        waiting.start()
        try:
            wait_until(lambda: ("Lock", "LOCK TABLE profiles") in {(row["wait_event_type"], row["query"]) for row in self.look(BUSY)}, 10, "it is shown")
        finally:
            holder.rollback()
            waiting.join()

    @runbook.executes(FLAGS, KEYS)
    def test_flags_and_keys(self):
        self.stack.start_api()
        self.assertEqual([(row["component"], row["sync"], row["jobs"]) for row in self.look(FLAGS)], [("api-server", "true", "true")])
        connection = self.add()
        self.sql.execute("INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id) VALUES (%s, 'password', '', 'k7')", connection)
        self.assertEqual([(row["key_id"], row["secrets"]) for row in self.look(KEYS)], [("k7", "1")])

    @runbook.executes(TOKENS, REFUSED, REAUTH, SUSPENDED)
    def test_grants(self):
        overdue = self.add(token_expiry="now() - interval '1 hour'")
        self.add(token_expiry="now() + interval '1 hour'")
        reauth = self.add(last_error="'invalid_token: gone'", error_count="2", grant_refusals="2", backoff_until="now() + interval '1 year'")
        self.add(last_error="'invalid_token: once'", error_count="1", grant_refusals="1")
        self.sql.execute("INSERT INTO calendar_connection_states (connection_id, provider_id, from_state, to_state, reason)"
                         " VALUES (%s, %s, 'delayed', 'needs_reauth', 'invalid_token: gone')", reauth, self.owner)
        self.assertEqual([row["id"] for row in self.look(TOKENS)], [overdue])
        self.assertEqual([(row["reason"], row["connections"]) for row in self.look(REFUSED)], [("invalid_token: gone", "1")])
        self.assertEqual([row["id"] for row in self.look(REAUTH)], [reauth])
        self.assertEqual([row["id"] for row in self.look(SUSPENDED)], [reauth])

    @runbook.executes(UNREADABLE)
    def test_events(self):
        connection = self.add()
        for number in range(2):
            self.sql.execute("INSERT INTO external_calendar_events (connection_id, provider_id, provider, external_calendar_id, external_event_id,"
                             " sync_status, last_error) VALUES (%s, %s, 'google', 'c', %s, 'FAILED', 'malformed_response: odd')",
                             connection, self.owner, str(number))
        self.assertEqual([(row["last_error"], row["events"]) for row in self.look(UNREADABLE)], [("malformed_response: odd", "2")])

    def test_every_block_is_executed_by_a_named_test(self):
        named = set().union(*(getattr(getattr(Pages, name), "blocks", ()) for name in dir(Pages) if name.startswith("test_")))
        self.assertEqual(named, {key for key in self.blocks if base.is_alert(key)})
