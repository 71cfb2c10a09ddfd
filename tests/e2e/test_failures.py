# SPDX-License-Identifier: Apache-2.0
"""Tokens that end, grants that are revoked, throttling and broken answers: what is recorded, what is kept, how it heals."""
import datetime
import email.utils

import harness
from compare import differences
from events import timed

setUpModule = harness.start_cluster
UTC = datetime.timezone.utc


class FailureCase(harness.Case):
    def assertMirrors(self, owner, email_address, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email_address), same), [])

    def fails(self, code, connection, count=1):
        """One run that fails with this code; the row afterwards. The mirror is untouched."""
        before, cursor = self.stack.events(connection, everything=True), self.stack.connection(connection)["sync_cursor"]
        outcome = self.stack.retry(connection)
        self.assertTrue((outcome["error"] or "").startswith(code + ": "), outcome)
        row = self.stack.connection(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["sync_needed"]), (count, outcome["error"], True))
        self.assertIsNotNone(row["backoff_until"])
        self.assertEqual((self.stack.events(connection, everything=True), row["sync_cursor"]), (before, cursor))
        line = self.stack.workers[0].wait_log(lambda line: line.get("connection_id") == connection
                                              and line.get("error_code") == code, f"{code} of the run")
        self.assertEqual((line["level"], line["category"], line["provider"]), ("error", "calendar_sync", "google"))
        return row

    def recovers(self, owner, email_address, connection):
        self.assertIsNone(self.stack.retry(connection)["error"])
        row = self.stack.connection(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"], row["sync_needed"]), (0, None, None, False))
        self.assertEqual(self.stack.shown(connection)["state"], "active")
        self.stack.workers[0].wait_message("calendar sync recovered", connection_id=connection, level="info")
        self.assertMirrors(owner, email_address, connection)

    def changed(self):
        """A synced connection with a change waiting at the provider: (owner, address, id)."""
        owner, address, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_event(address, address, timed("two0000001", "Two"))
        return owner, address, connection


class Tokens(FailureCase):
    def refreshes(self, address):
        return [call for call in self.emulator.calls(account=address, path="/token") if call["status"] == 200]

    def expire(self, connection):
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")

    def test_an_expired_token_is_refreshed(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        before = len(self.refreshes(address))
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1)
        self.assertGreater(self.stack.connection(connection)["token_expiry"], datetime.datetime.now(UTC) + datetime.timedelta(minutes=5))
        self.assertMirrors(owner, address, connection)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1, "the new token is kept")

    def test_a_token_that_ends_before_its_time_is_refreshed_once(self):
        owner, address, connection = self.changed()
        before = len(self.refreshes(address))
        self.emulator.expire_tokens(address)
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertEqual(len(self.refreshes(address)) - before, 1)
        self.assertMirrors(owner, address, connection)

    def test_a_revoked_grant_needs_a_person_and_reconnecting_heals_it(self):
        owner, address, connection = self.changed()
        self.emulator.revoke_grant(address)
        self.expire(connection)
        row = self.fails("invalid_token", connection)
        self.assertTrue(row["last_error"].startswith("invalid_token: token expired or revoked"), row["last_error"])
        self.assertTrue(30 <= self.stack.backoff_seconds(connection) <= 120, "a second look after about a minute")
        row = self.fails("invalid_token", connection, count=2)
        self.assertGreater(self.stack.backoff_seconds(connection), 300 * 86400)
        self.stack.workers[0].wait_message("needs a person", connection_id=connection, level="error", error_code="invalid_token")
        shown = self.stack.shown(connection)
        self.assertEqual(shown["state"], "needs_reauth")
        self.assertIn("connect", shown["suggested_action"])
        asked = len(self.emulator.calls(account=address))
        self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
        self.stack.worker_rounds()
        self.assertEqual(len(self.emulator.calls(account=address)), asked, "a dead grant makes no calls")
        self.assertEqual(len(self.stack.events(connection)), 1)

        self.assertEqual(self.stack.connect_google(owner, address), connection)
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
        self.assertMirrors(owner, address, connection)

    def test_an_operators_mistake_marks_no_user(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        with self.emulator.trouble("invalid_client", operation="token"):
            self.fails("configuration_error", connection)
            self.fails("configuration_error", connection, count=2)
        row = self.stack.connection(connection)
        self.assertEqual(row["grant_refusals"], 0)
        self.assertNotEqual(self.stack.shown(connection)["state"], "needs_reauth")
        self.assertLess(self.stack.backoff_seconds(connection), 3600)
        self.recovers(owner, address, connection)

    def test_a_token_endpoint_in_trouble_blames_nobody(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        for status, code in ((500, "provider_unavailable"), (503, "provider_unavailable"), (429, "rate_limited")):
            with self.subTest(status=status), self.emulator.answered("token", status=status, body="<html>busy</html>"):
                self.fails(code, connection, count=self.stack.connection(connection)["error_count"] + 1)
        self.assertEqual(self.stack.connection(connection)["grant_refusals"], 0)
        self.recovers(owner, address, connection)


class Throttling(FailureCase):
    def throttled(self, header, low, high):
        owner, address, connection = self.changed()
        order = {} if header is None else {"retry_after": header}
        with self.emulator.trouble("too_many_requests", address, **order):
            row = self.fails("rate_limited", connection)
            self.assertTrue(low <= self.stack.backoff_seconds(connection) <= high, self.stack.backoff_seconds(connection))
            self.assertEqual(self.stack.shown(connection)["state"], "throttled")
            # Asking again does not pull the retry forward.
            asked = len(self.emulator.calls(account=address))
            answer = self.stack.app.post("/api/calendar/sync", {"connection_id": connection}, wait=5)
            self.assertEqual((answer.status, answer.json()["status"]), (200, "pending"))
            self.stack.worker_rounds(2)
            self.assertEqual(len(self.emulator.calls(account=address)), asked)
            self.assertEqual(self.stack.connection(connection)["backoff_until"], row["backoff_until"])
        self.recovers(owner, address, connection)

    def test_retry_after_in_seconds(self):
        self.throttled("120", 120, 140)

    def test_retry_after_as_a_date(self):
        self.throttled(email.utils.format_datetime(datetime.datetime.now(UTC) + datetime.timedelta(seconds=300), usegmt=True), 290, 340)

    def test_no_retry_after(self):
        self.throttled(None, 1, 60)

    def test_absurd_retry_after(self):
        for header in ("-5", "soon", "", "1e9", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "0"):
            with self.subTest(header=header):
                # Never at once, never for ever.
                self.throttled(header, 1, 3 * 86400)

    def test_a_long_retry_after_is_kept_in_full(self):
        self.throttled("7200", 7200, 7300)

    def test_kinds_of_403(self):
        for kind, code, state in (("forbidden_rate", "rate_limited", "throttled"), ("forbidden_user_rate", "rate_limited", "throttled"),
                                  ("forbidden_quota", "quota_exceeded", "throttled"), ("forbidden_daily", "quota_exceeded", "throttled"),
                                  ("access_not_configured", "configuration_error", "delayed"),
                                  ("forbidden_scope", "insufficient_scope", "needs_reauth"), ("forbidden", "provider_rejected", "delayed"),
                                  ("not_a_calendar_user", "provider_rejected", "delayed")):
            with self.subTest(kind=kind):
                owner, address, connection = self.changed()
                with self.emulator.trouble(kind, address):
                    self.fails(code, connection)
                    self.assertEqual(self.stack.shown(connection)["state"], state)
                    self.assertTrue(self.stack.shown(connection)["suggested_action"])
                self.recovers(owner, address, connection)

    def test_backoff_grows_with_the_errors_and_is_capped(self):
        _, address, connection = self.changed()
        with self.emulator.trouble("unavailable", address):
            for count in range(1, 8):
                self.fails("provider_unavailable", connection, count)
                self.assertTrue(1 <= self.stack.backoff_seconds(connection) <= min(3600, 15 * 2 ** (count - 1)) + 1,
                                self.stack.backoff_seconds(connection))


class BrokenAnswers(FailureCase):
    CONFIG = {"worker": {"request_seconds": 2}}

    def broken(self, code, trouble):
        owner, address, connection = self.changed()
        with trouble(address):
            self.fails(code, connection)
        self.recovers(owner, address, connection)

    def troubles(self, code, *kinds, **order):
        for kind in kinds:
            with self.subTest(kind=kind):
                self.broken(code, lambda address: self.emulator.trouble(kind, address, **order))

    def test_servers_that_fail(self):
        self.troubles("provider_unavailable", "server_error", "unavailable", "gateway_timeout", "bad_gateway_html")

    def test_answers_that_are_not_what_they_should_be(self):
        self.troubles("malformed_response", "malformed_json", "html", "empty_body")
        for body in ("{\"items\": [", "null", "[]", "\"text\"", "{}", "{\"items\": {}}", "{\"items\": 5, \"nextSyncToken\": \"x\"}",
                     "{\"items\": []}", "{\"items\": [], \"nextPageToken\": 7}", "\u0000\u0001", "[" * 5000):
            with self.subTest(body=body[:30]):
                self.broken("malformed_response", lambda address: self.emulator.answered("api", address, body=body))

    def test_connections_that_break(self):
        self.troubles("network_error", "drop_before", "drop_mid_body", "truncated")

    def test_a_provider_that_does_not_answer(self):
        self.troubles("timeout", "slow", delay_ms=20000)

    def test_pages_that_never_end(self):
        page = "{\"items\": [], \"nextPageToken\": \"again\"}"
        self.broken("malformed_response", lambda address: self.emulator.answered("api", address, body=page))
