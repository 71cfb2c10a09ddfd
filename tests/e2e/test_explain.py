# SPDX-License-Identifier: Apache-2.0
"""Why a connection is or is not syncing: each planted fault is told with its cause, its owner and one action, the same by HTTP and by
the command, and with the provider's own evidence."""
import json
import uuid

import harness
from events import timed
from failing import FailureCase
from failing_microsoft import MicrosoftFailures
from harness import wait_until

setUpModule = harness.start_cluster


def explained(stack, connection, caller=None):
    answer = (caller or stack.admin).get(f"/api/calendar/connections/{connection}/explain")
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {answer.text}")
    return answer.json()


class Explain(FailureCase):
    def told(self, connection, cause, owner, *needles):
        """What HTTP says, once the command has said the same."""
        whole = explained(self.stack, connection)
        told = whole["explanation"]
        self.assertEqual((told["cause"], told["error_owner"]), (cause, owner), told)
        for needle in needles:
            self.assertIn(needle, told["reason"])
        shown = whole["connection"]
        self.assertEqual((shown["situation"], shown["reason"], shown["suggested_action"]), (told["situation"], told["reason"], told["action"]))
        status, text, _ = self.stack.run_api("explain", connection, "--json")
        self.assertEqual(status, 0)
        command = json.loads(text)
        self.assertEqual(sorted(command), sorted(whole))
        for name in ("situation", "cause", "error_owner", "action", "attempts"):
            self.assertEqual(command["explanation"][name], told[name], name)
        self.assertEqual([fact["name"] for fact in command["explanation"]["facts"]], [fact["name"] for fact in told["facts"]])
        status, text, _ = self.stack.run_api("explain", connection)
        self.assertEqual(status, 0)
        self.assertTrue(text.startswith(told["situation"] + ": "), text)
        self.assertIn("\nwhat to do: " + (told["action"] or "nothing") + "\n", text)
        return told

    def fact(self, told, name):
        return next(fact["value"] for fact in told["facts"] if fact["name"] == name)

    def test_in_step_and_what_it_rests_on(self):
        _, _, connection = self.changed()
        told = self.told(connection, "in_step", "none", "in step")
        self.assertIsNone(told["action"])
        self.assertEqual((self.fact(told, "sync_enabled"), self.fact(told, "workers_alive"), self.fact(told, "lease")), (True, 1, None))
        self.assertEqual(self.fact(told, "last_success"), self.stack.shown(connection)["last_synced_at"])
        self.assertEqual(self.fact(told, "channels")["wanted"], 1)
        self.assertEqual([run["outcome"] for run in told["attempts"]], ["complete"])
        self.assertGreaterEqual(told["attempts"][0]["duration_ms"], 0)

    def test_what_the_provider_said(self):
        _, address, connection = self.changed()
        with self.emulator.answered("api", address, status=503):
            self.fails("provider_unavailable", connection)
            told = self.told(connection, "backoff_after_error", "provider", "503", "tried again at")
        last = told["attempts"][0]
        self.assertEqual((last["outcome"], last["error_code"], last["provider_status"], last["provider_request_id"]),
                         ("retry", "provider_unavailable", 503, None))

    def test_disabled_held_and_suspended_by_hand(self):
        _, _, connection = self.changed()
        self.stack.set(connection, "sync_enabled = false")
        self.told(connection, "disabled", "operator", "set by sql ")
        self.stack.set(connection, "sync_enabled = true, backoff_until = now() + interval '1 hour'")
        self.told(connection, "backoff_by_hand", "operator", "set by sql ")
        self.stack.set(connection, "backoff_until = now() + interval '40 days'")
        self.assertEqual(self.told(connection, "backoff_by_hand", "operator")["situation"], "suspended")
        self.stack.set(connection, "backoff_until = NULL")
        self.stack.wait_synced(connection)
        self.told(connection, "in_step", "none")

    def test_switches_and_lists(self):
        _, _, connection = self.changed()
        path = f"/api/calendar/connections/{connection}/explain"
        stranger = str(uuid.uuid4())
        for changes, cause, needle in (({"CALENDAR_SYNC_ENABLED": "false"}, "flag_off", "CALENDAR_SYNC_ENABLED is off"),
                                       ({"CALENDAR_SYNC_ENABLED": "ture"}, "flag_invalid", "'ture'"),
                                       ({"CALENDAR_ALLOWLIST_PROVIDER_IDS": stranger}, "owner_not_listed", "CALENDAR_ALLOWLIST_PROVIDER_IDS"),
                                       ({"CALENDAR_ALLOWLIST_CONNECTION_IDS": stranger}, "connection_not_listed", "CALENDAR_ALLOWLIST_CONNECTION_IDS")):
            with self.subTest(cause):
                before = {name: self.stack.flags.get(name) for name in changes}
                self.stack.reload(**changes)
                try:
                    told = self.told(connection, cause, "operator", needle)
                    self.assertIn(next(iter(changes)), told["action"])
                    self.assertAnswer(self.stack.app.get(path), 403)
                finally:
                    self.stack.reload(**before)

    def test_a_worker_that_runs_with_other_flags(self):
        _, _, connection = self.changed()
        self.sql.execute("UPDATE calendar_gate_state SET state = state || '{\"CALENDAR_SYNC_ENABLED\": false}' WHERE component = 'sync-worker'")
        try:
            self.told(connection, "worker_flag_off", "operator", "the worker runs with CALENDAR_SYNC_ENABLED=false")
        finally:
            self.sql.execute("UPDATE calendar_gate_state SET state = state || '{\"CALENDAR_SYNC_ENABLED\": true}' WHERE component = 'sync-worker'")

    def test_a_provider_that_is_away_and_one_that_wants_fewer_calls(self):
        _, address, connection = self.changed()
        self.sql.execute("INSERT INTO calendar_provider_circuits (provider, host, state, reason, probe_at)"
                         " VALUES ('google', '127.0.0.1', 'open', 'no answer', now() + interval '1 hour')")
        try:
            told = self.told(connection, "provider_away", "provider", "google at 127.0.0.1 is away since", "no answer", "probed again")
            self.assertEqual(self.fact(told, "circuit")["state"], "open")
        finally:
            self.sql.execute("UPDATE calendar_provider_circuits SET state = 'closed', changed_at = now(), version = version + 1")
        with self.emulator.answered("api", address, status=429, headers={"Retry-After": "600"}):
            self.fails("rate_limited", connection, low=600, high=700)
            self.told(connection, "account_throttled", "provider", "tried again at")
        self.sql.execute("INSERT INTO calendar_rate_buckets (scope, key, tokens, per_second, burst, blocked_until)"
                         " VALUES ('project', 'google/e2e-client', 0, 1, 1, now() + interval '1 hour')"
                         " ON CONFLICT (scope, key) DO UPDATE SET blocked_until = excluded.blocked_until")
        self.addCleanup(self.sql.execute, "DELETE FROM calendar_rate_buckets")
        self.told(connection, "project_throttled", "provider", "calls of the project rest until")

    def test_events_and_calendars_that_cannot_be_read(self):
        _, address, connection = self.connected([timed("one0000001", "One")])
        self.sql.execute("UPDATE external_calendar_events SET sync_status = 'FAILED', last_error = 'malformed_response: it has no start'"
                         " WHERE connection_id = %s", connection)
        self.told(connection, "event_failing", "operator", "cannot be understood: 1", "it has no start")
        self.sql.execute("UPDATE external_calendars SET last_error = 'provider_rejected: no' WHERE connection_id = %s", connection)
        self.told(connection, "calendar_failing", "provider", address + ": provider_rejected: no")

    def test_a_channel_that_was_refused(self):
        _, _, connection = self.changed()
        self.sql.execute("UPDATE external_calendars SET watch_error = 'configuration_error: no https', watch_retry_at = now() + interval '1 hour'"
                         " WHERE connection_id = %s", connection)
        self.told(connection, "channel_dead", "operator", "1 of 1 calendars have no push channel: configuration_error: no https")


class WithoutWorkers(harness.Case):
    def test_leases_and_queues(self):
        _, _, connection = self.connected([timed("one0000001", "One")])
        _, _, other = self.connected([timed("one0000001", "One")])
        self.stack.stop_workers()
        self.stack.set(other, "sync_needed = true")
        self.stack.set(connection, "sync_needed = true")
        self.assertCause(connection, "no_worker", "no worker is alive")
        worker = str(uuid.uuid4())
        beat = "INSERT INTO calendar_sync_workers (id, host, version) VALUES (%s, 'host-7', '1') ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()"
        self.sql.execute(beat, worker)
        self.assertCause(connection, "queued", "behind 1 others of google")
        self.stack.set(connection, f"lease_until = now() + interval '5 minutes', lease_owner = '{worker}', last_attempt_at = now()")
        self.assertCause(connection, "syncing", f"worker {worker} at host-7 is syncing it since")
        self.sql.execute("UPDATE calendar_sync_workers SET heartbeat_at = now() - interval '1 minute'")
        told = self.assertCause(connection, "lease_stuck", "host-7", "was last heard of at")
        self.assertEqual(told["error_owner"], "operator")
        self.stack.start_workers(1)
        wait_until(lambda: explained(self.stack, connection)["explanation"]["cause"] == "in_step", 40, "the lease is taken over")

    def assertCause(self, connection, cause, *needles):
        told = explained(self.stack, connection)["explanation"]
        self.assertEqual(told["cause"], cause, told)
        for needle in needles:
            self.assertIn(needle, told["reason"])
        return told

    def test_polling_is_off(self):
        if not self.stack.workers:
            self.stack.start_workers(1)
        _, _, connection = self.connected()
        self.stack.reload(CALENDAR_JOBS_ENABLED="yes")
        try:
            self.stack.set(connection, "last_synced_at = now() - interval '1 hour'")
            self.assertCause(connection, "polling_off", "nobody has asked for a sync", "CALENDAR_JOBS_ENABLED is 'yes'")
        finally:
            self.stack.reload(CALENDAR_JOBS_ENABLED="true")


class OfMicrosoft(MicrosoftFailures):
    def test_the_request_that_support_asks_for(self):
        _, address, connection = self.changed()
        request = str(uuid.uuid4())
        with self.emulator.answered("api", address, status=503, headers={"request-id": request}):
            self.fails("provider_unavailable", connection)
        last = explained(self.stack, connection)["explanation"]["attempts"][0]
        self.assertEqual((last["provider_status"], last["provider_request_id"]), (503, request))
        self.assertEqual(self.history(connection)[-1]["provider_request_id"], request)
