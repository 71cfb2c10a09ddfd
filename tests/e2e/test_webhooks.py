# SPDX-License-Identifier: Apache-2.0
"""Push messages: who is believed and what is durable."""
import hashlib
import time
import uuid

import harness
from events import timed
from harness import wait_until
from pushes import PATH, PushCase

setUpModule = harness.start_cluster


class Messages(PushCase):
    def test_a_push_reaches_the_mirror(self):
        _, email, connection, channel = self.watched([timed("one0000001", "One")])
        for state in ("exists", "sync", "not_exists"):
            with self.subTest(state=state):
                self.emulator.put_event(email, email, timed("two0000001", f"Two {state}"))
                answer = self.push(channel, state)
                self.assertEqual((answer.status, answer.json()["result"]), (200, "accepted"))
                self.assertIsNotNone(self.stack.connection(connection)["last_webhook_received_at"])
                wait_until(lambda: f"Two {state}" in {row["title"] for row in self.stack.events(connection).values()}, 10, "the change is mirrored")

    def test_a_message_during_a_run_is_followed_by_another_run(self):
        _, email, connection, channel = self.watched([timed("one0000001", "One")])
        with self.emulator.hold("api", account=email) as held:
            self.push(channel)
            held.wait()
            self.emulator.put_event(email, email, timed("two0000001", "Two"))
            self.assertEqual(self.push(channel).status, 200)
        wait_until(lambda: "Two" in {row["title"] for row in self.stack.events(connection).values()}, 10, "the change is mirrored")

    def test_a_backoff_outlasts_a_push(self):
        _, email, connection, channel = self.watched([timed("one0000001", "One")])
        self.stack.set(connection, "backoff_until = now() + interval '1 hour'")
        calls = len(self.emulator.calls(account=email))
        self.assertEqual(self.push(channel).status, 200)
        self.stack.worker_rounds()
        self.assertEqual(len(self.emulator.calls(account=email)), calls)
        self.assertTrue(self.stack.connection(connection)["sync_needed"])

    def test_forged_messages_change_nothing(self):
        _, _, connection, channel = self.watched([timed("one0000001", "One")])
        _, _, _, foreign = self.watched([timed("one0000001", "One")])
        before = self.stack.connection(connection)
        name, secret = channel
        for what, forged in {"another secret": (name, "x" * 43), "a foreign channel's secret": (name, foreign[1]), "half a secret": (name, secret[:20]),
                             "its hash": (name, hashlib.sha256(secret.encode()).hexdigest()), "SQL": (name, "' OR '1'='1"),
                             "a script": (name, "<script>alert(1)</script>")}.items():
            with self.subTest(what):
                self.assertAnswer(self.push(forged), 401, "invalid_channel")
        self.assertAnswer(self.push(channel, resource="res-2"), 401, "invalid_channel")
        self.assertUntouched(connection, before)

    def test_incomplete_messages_are_400(self):
        _, _, connection, channel = self.watched([timed("one0000001", "One")])
        before = self.stack.connection(connection)
        for headers in ({"X-Goog-Channel-ID": None}, {"X-Goog-Channel-Token": None}, {"X-Goog-Resource-ID": None}, {"X-Goog-Resource-State": None},
                        {"X-Goog-Resource-State": "add"}, {"X-Goog-Channel-ID": "x" * 65}, {"X-Goog-Channel-Token": "x" * 257}):
            with self.subTest(headers=headers):
                self.assertAnswer(self.push(channel, **headers), 400, "invalid_request")
        self.assertAnswer(self.push(channel, body=b"{", **{"Content-Length": None, "Content-Type": "application/json"}), 400, "invalid_json")
        self.assertUntouched(connection, before)
        self.assertAnswer(self.stack.stranger.get(PATH), 405)
        self.assertAnswer(self.stack.stranger.call("POST", "/api/webhooks/calendar/ics", None, {"Content-Length": "0"}), 404)

    def test_late_messages_are_answered_and_ignored(self):
        _, _, connection, _ = self.watched([timed("one0000001", "One")])
        stopped = self.channel(connection, state="stopped")
        before = self.stack.connection(connection)
        for channel in (stopped, (str(uuid.uuid4()), "whatever"), ("'; DROP TABLE profiles; --", "x")):
            answer = self.push(channel)
            self.assertEqual((answer.status, answer.json()["result"]), (200, "ignored"))
        self.assertUntouched(connection, before)

    def test_switches_and_lists(self):
        owner, _, connection, channel = self.watched([timed("one0000001", "One")])
        before = self.stack.connection(connection)
        self.stack.reload(CALENDAR_WEBHOOK_ENABLED="false")
        answer = self.assertAnswer(self.push(channel), 403, "calendar_sync_disabled")
        self.assertEqual(answer.json()["flag"], "CALENDAR_WEBHOOK_ENABLED")
        self.stack.reload(CALENDAR_WEBHOOK_ENABLED="true")
        # What was refused is not delivered again: it is made up for.
        self.stack.wait_synced(connection)
        self.stack.reload(CALENDAR_ALLOWLIST_PROVIDER_IDS=str(uuid.uuid4()))
        self.addCleanup(lambda: self.stack.reload(CALENDAR_ALLOWLIST_PROVIDER_IDS="*"))
        self.assertAnswer(self.push(channel), 403, "not_allowlisted")
        # Strangers learn nothing about who is on the list.
        self.assertAnswer(self.push((channel[0], "x" * 43)), 401, "invalid_channel")
        self.assertEqual(before["last_webhook_received_at"], self.stack.connection(connection)["last_webhook_received_at"])


class Durability(PushCase):
    def test_no_2xx_without_a_database(self):
        _, _, connection, channel = self.watched([timed("one0000001", "One")])
        self.sql.close()
        harness.cluster().stop("immediate")
        try:
            begun = time.monotonic()
            answer = self.assertAnswer(self.push(channel), 503, "database_error")
            self.assertLess(time.monotonic() - begun, 1.5)
            self.assertTrue(answer.header("Retry-After"))
        finally:
            harness.cluster().start()
        wait_until(lambda: self.push(channel).status == 200, 10, "the provider's repetition is accepted")
        self.stack.wait_synced(connection)
