# SPDX-License-Identifier: Apache-2.0
"""Drill: tokens that end, grants that are revoked and permissions that are missing. Who can mend it is told, nobody else is blamed,
and a dead grant makes no calls."""
import datetime

import harness
from counting import REQUESTS
from failing import LONG, FailureCase

setUpModule = harness.start_cluster
UTC = datetime.timezone.utc


class Tokens(FailureCase):
    def refreshes(self, address):
        return [call for call in self.emulator.calls(account=address, path="/token") if call["status"] == 200]

    def expire(self, connection):
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")

    def assertNoError(self, connection):
        row = self.stack.connection(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"], row["sync_needed"]), (0, None, None, False))
        self.assertEqual([run["outcome"] for run in self.history(connection)], ["complete"] * len(self.history(connection)))
        self.assertEqual([line for line in self.stack.workers[0].lines(connection_id=connection) if line["level"] in ("warn", "error")], [])

    def test_an_expired_token_is_refreshed_in_silence(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        before = len(self.refreshes(address))
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1)
        self.assertGreater(self.stack.connection(connection)["token_expiry"], datetime.datetime.now(UTC) + datetime.timedelta(minutes=5))
        self.assertMirrors(owner, address, connection)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1, "the new token is kept")
        self.assertNoError(connection)

    def test_a_token_that_ends_before_its_time_is_refreshed_in_silence_and_once(self):
        owner, address, connection = self.changed()
        before, shown = len(self.refreshes(address)), self.settled()
        self.emulator.expire_tokens(address)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1)
        self.assertEqual([call["status"] for call in self.emulator.calls(account=address, path="/calendar/v3")].count(401), 1)
        self.assertGrown(shown, 1, REQUESTS, provider="google", operation="list_calendars", status_class="4xx")
        self.assertGrown(shown, 1, REQUESTS, provider="google", operation="refresh", status_class="2xx")
        self.assertMirrors(owner, address, connection)
        self.assertNoError(connection)

    def test_a_token_that_is_refused_again_after_its_refresh_is_a_failure(self):
        owner, address, connection = self.changed()
        before = len(self.refreshes(address))
        with self.emulator.trouble("unauthorized", address):
            self.fails("invalid_token", connection, low=60, high=70)
            self.assertEqual(len(self.refreshes(address)) - before, 1)
            self.assertNotEqual(self.stack.shown(connection)["state"], "active")
        self.recovers(owner, address, connection)

    def test_an_operators_mistake_marks_no_user(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        with self.emulator.trouble("invalid_client", operation="token"):
            self.fails("configuration_error", connection, low=300, high=600)
            row = self.fails("configuration_error", connection, count=2, low=300, high=600)
        self.assertEqual(row["grant_refusals"], 0)
        shown = self.stack.shown(connection)
        self.assertEqual((shown["state"], shown["error_owner"]), ("delayed", "operator"))
        self.recovers(owner, address, connection)

    def test_a_token_endpoint_in_trouble_blames_nobody(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        for status, code in ((500, "provider_unavailable"), (503, "provider_unavailable"), (429, "rate_limited")):
            with self.subTest(status=status), self.emulator.answered("token", status=status, body="<html>busy</html>"):
                row = self.fails(code, connection, count=self.stack.connection(connection)["error_count"] + 1, high=3600)
                self.assertEqual(row["grant_refusals"], 0)
        self.recovers(owner, address, connection)


class DeadGrants(FailureCase):
    def assertQuiet(self, address, connection):
        """Whoever asks, no call is made for the account, and nothing but the push's stamp changes."""
        row, asked = self.stack.connection(connection), self.asked(address)
        answer = self.stack.app.post("/api/calendar/sync", {"connection_id": connection}, wait=5)
        self.assertEqual((answer.status, answer.json()["status"]), (200, "pending"))
        self.assertEqual(self.push(self.channel(connection)).status, 200)
        job = self.stack.admin.post("/api/admin/calendar/jobs/run", {"connection_id": connection, "wait_seconds": 5})
        self.assertEqual((job.status, job.json()["summary"]["connections_processed"]), (200, 0), job.text)
        self.stack.worker_rounds()
        self.assertEqual(self.asked(address), asked, "a dead grant makes no calls")
        after = self.stack.connection(connection)
        for column in ("backoff_until", "error_count", "last_error", "sync_needed", "sync_cursor", "lease_token"):
            self.assertEqual(after[column], row[column], column)

    def assertReconnects(self, owner, address, connection):
        self.assertEqual(self.stack.connect_google(owner, address), connection)
        # Connecting itself clears the errors, so the run that follows is one like any other.
        self.assertHealed(owner, address, connection, "calendar sync completed")
        self.stack.api_process.wait_message("an account was connected again", connection_id=connection, provider_id=owner, level="info")

    def test_a_revoked_grant_is_proved_twice_then_waits_for_a_person_in_silence(self):
        owner, address, connection = self.changed()
        self.emulator.revoke_grant(address)
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        row = self.fails("invalid_token", connection, low=30, high=120)
        self.assertTrue(row["last_error"].startswith("invalid_token: token expired or revoked"), row["last_error"])
        self.assertEqual(row["grant_refusals"], 1)
        tokens, before = self.asked(address, "/token"), self.settled()
        row = self.fails("invalid_token", connection, count=2, low=LONG, verdict="suspend")
        self.assertEqual((row["grant_refusals"], self.asked(address, "/token") - tokens), (2, 1))
        shown = self.stack.shown(connection)
        self.assertEqual(shown["state"], "needs_reauth")
        self.assertIn("connect", shown["suggested_action"])
        self.assertQuiet(address, connection)
        self.assertGrown(before, 1, REQUESTS, provider="google", operation="refresh", status_class="4xx")
        self.assertEqual(len(self.stack.events(connection)), 1, "what was mirrored is kept")
        self.assertReconnects(owner, address, connection)

    def test_a_missing_permission_is_proved_twice_then_waits_for_a_person(self):
        owner, address, connection = self.changed()
        with self.emulator.trouble("forbidden_scope", address):
            self.fails("insufficient_scope", connection, low=30, high=120)
            self.assertNotEqual(self.stack.shown(connection)["state"], "needs_reauth")
            row = self.fails("insufficient_scope", connection, count=2, low=LONG, verdict="suspend")
            self.assertIn("insufficientPermissions", row["last_error"])
            shown = self.stack.shown(connection)
            self.assertEqual(shown["state"], "needs_reauth")
            self.assertIn("permission", shown["suggested_action"])
            self.assertQuiet(address, connection)
        self.assertQuiet(address, connection)
        self.assertReconnects(owner, address, connection)
