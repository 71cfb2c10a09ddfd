# SPDX-License-Identifier: Apache-2.0
"""Push messages: who is believed, what is durable, and that a storm costs at most two runs."""
import concurrent.futures
import hashlib
import secrets
import time
import uuid

import harness
from events import timed
from harness import wait_until

setUpModule = harness.start_cluster
PATH = "/api/webhooks/calendar/google"


class PushCase(harness.Case):
    def channel(self, connection, state="live", resource="res-1"):
        """(id, secret) of a channel of this connection, as the keeper of channels leaves it."""
        name, secret = str(uuid.uuid4()), secrets.token_urlsafe(32)
        self.sql.execute("INSERT INTO calendar_push_channels (id, connection_id, external_calendar_id, resource_id, secret_hash, state)"
                         " VALUES (%s, %s, 'primary', %s, %s, %s)",
                         name, connection, resource, hashlib.sha256(secret.encode()).hexdigest(), state)
        return name, secret

    def push(self, channel, state="exists", resource="res-1", body=None, **headers):
        name, secret = channel
        fields = {"X-Goog-Channel-ID": name, "X-Goog-Channel-Token": secret, "X-Goog-Resource-ID": resource, "X-Goog-Resource-State": state,
                  "X-Goog-Message-Number": "7", "Content-Length": "0", **headers}
        return self.stack.stranger.call("POST", PATH, body, {key: value for key, value in fields.items() if value is not None})

    def watched(self, events=()):
        owner, email, connection = self.connected(events)
        return owner, email, connection, self.channel(connection)

    def assertUntouched(self, connection, before):
        self.assertEqual(self.stack.connection(connection), before)


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

    def test_a_hundred_identical_messages_in_a_second_are_two_runs_at_most(self):
        _, email, connection, channel = self.watched([timed("one0000001", "One")])
        lists = lambda: len([call for call in self.emulator.calls(account=email, path="/calendar/v3") if call["path"].endswith("/events")])
        before, begun = lists(), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(20) as senders:
            answers = list(senders.map(lambda _: self.push(channel).status, range(100)))
        self.assertEqual(answers, [200] * 100)
        storm = time.monotonic() - begun
        wait_until(lambda: not self.stack.connection(connection)["sync_needed"], 10, "the storm is served")
        self.assertGreaterEqual(lists() - before, 1)
        # Runs that pushes ask for are a second apart, so a storm of that length is two, whenever its last message comes.
        self.assertLessEqual(lists() - before, 2 + int(storm))
        self.assertEqual(self.sql.value("SELECT count(*) FROM calendar_push_channels WHERE connection_id = %s", connection), 1)

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
