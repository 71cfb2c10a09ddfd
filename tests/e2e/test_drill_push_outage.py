# SPDX-License-Identifier: Apache-2.0
"""Drill: the endpoint that takes push messages is down. The provider's repetitions or the next poll find what changed meanwhile."""

import harness
from counting import PUSHES
from events import timed
from failing import FailureCase
from harness import wait_until
from pushes import Announced

setUpModule = harness.start_cluster


class EndpointDown(Announced, FailureCase):
    CONFIG = {"push": {"open_channels": True}}

    def setUp(self):
        if self.stack.api_process is None:
            self.stack.start_api()
        super().setUp()

    def several(self, count):
        return [self.watched_there([timed("one0000001", "One"), timed("gone000001", "Soon gone")]) for _ in range(count)]

    def change(self, email, title):
        self.emulator.put_event(email, email, timed("two0000001", title))
        if title == "Two":
            self.emulator.delete_event(email, email, "gone000001")

    def end_api(self, way):
        process, self.stack.api_process = self.stack.api_process, None
        way(process)
        return self.sql.value("SELECT now()")

    def titles(self, connection):
        return sorted(row["title"] for row in self.stack.events(connection).values())

    def repeated(self, way):
        """Changes while the endpoint is down are announced again until it is back."""
        everyone = self.several(4)
        before = [self.stack.connection(connection) for _, _, connection, _ in everyone]
        shown = self.figures()
        down = self.end_api(way)
        for _, email, _, _ in everyone:
            self.change(email, "Two")
        for _, _, _, channel in everyone:
            self.emulator.wait_delivery(channel, outcome="retrying", state="exists")
        self.stack.worker_rounds(2)
        self.assertEqual([self.stack.connection(connection) for _, _, connection, _ in everyone], before, "nobody knows of it yet")
        self.stack.start_api()
        for owner, email, connection, channel in everyone:
            wait_until(lambda: self.titles(connection) == ["One", "Two"], 20, lambda: f"both changes; there are {self.titles(connection)}")
            row = self.stack.wait_synced(connection)
            self.assertGreater(row["last_webhook_received_at"], down)
            self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
            self.assertMirrors(owner, email, connection)
            self.assertEveryMessageArrived(channel)
            # And the next change is announced as ever.
            self.change(email, "Two, again")
            wait_until(lambda: self.titles(connection) == ["One", "Two, again"], 20, "the next change")
        # Two changes and one more of each.
        self.assertGrown(shown, 3 * len(everyone), PUSHES, provider="google", result="accepted")

    def assertEveryMessageArrived(self, channel):
        self.assertFalse(self.emulator.control("GET", "/push/idle?timeout_ms=20000").get("timed_out", False))
        failed, arrived = ({one["message_number"] for one in self.emulator.deliveries(channel, outcome=outcome)}
                           for outcome in ("retrying", "delivered"))
        self.assertTrue(failed)
        self.assertEqual(failed - arrived, set())

    def test_a_killed_api_server_comes_back_and_the_repetitions_are_served(self):
        with self.emulator.settings(push_retry_ms=100, push_retries=9):
            self.repeated(lambda process: process.kill())

    def test_a_stopped_api_server_comes_back_and_the_repetitions_are_served(self):
        with self.emulator.settings(push_retry_ms=100, push_retries=9):
            self.repeated(lambda process: self.assertEqual(process.terminate(), 0))

    def test_without_repetitions_the_poll_finds_the_change_even_while_the_endpoint_is_down(self):
        with self.emulator.settings(push_retry_ms=1, push_retries=0):
            (owner, email, connection, channel), *_ = everyone = self.several(3)
            shown = self.figures()
            self.end_api(lambda process: process.kill())
            announced = [self.stack.connection(one[2])["last_webhook_received_at"] for one in everyone]
            for one in everyone:
                self.change(one[1], "Two")
                self.emulator.wait_delivery(one[3], outcome="lost", state="exists")
            self.stack.worker_rounds(2)
            self.assertEqual(self.titles(connection), ["One", "Soon gone"], "nobody was told")
            # The interval of the poll is over.
            self.stack.set(connection, "last_synced_at = now() - interval '6 minutes'")
            wait_until(lambda: self.titles(connection) == ["One", "Two"], 20, "the poll finds both changes")
            self.assertMirrors(owner, email, connection)
            self.stack.start_api()
            # The others are found by their polls, too, with the endpoint back and no message for them.
            for one in everyone[1:]:
                self.stack.set(one[2], "last_synced_at = now() - interval '6 minutes'")
            for one in everyone:
                wait_until(lambda: self.titles(one[2]) == ["One", "Two"], 20, "the poll finds both changes")
                self.assertMirrors(*one[:3])
            self.assertEqual([self.stack.connection(one[2])["last_webhook_received_at"] for one in everyone], announced, "no message came")
            self.assertGrown(shown, 0, PUSHES)


class SilentChannel(Announced, FailureCase):
    CONFIG = {"push": {"open_channels": True, "patience_seconds": 1}}

    def test_what_only_a_poll_finds_is_counted_and_a_new_channel_announces_the_next_change(self):
        owner, email, connection, channel = self.watched_there([timed("one0000001", "One")])
        shown = self.settled()
        self.emulator.control("POST", f"/channels/{channel}/kill")
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        self.stack.set(connection, "last_synced_at = now() - interval '6 minutes'")
        self.assertGrown(shown, 1, "calendar_missed_push_total", provider="google")
        line = self.log_of(connection, "the replacement", lambda line: "did not announce a change" in line["message"])
        self.assertEqual(line["level"], "warn")
        live = lambda: self.sql.column("SELECT id FROM calendar_push_channels WHERE connection_id = %s", connection)
        wait_until(lambda: len(live()) == 1 and live() != [channel], 15, "another channel in place of the silent one")
        self.stack.wait_synced(connection)
        self.emulator.put_event(email, email, timed("two0000001", "Two, again"))
        wait_until(lambda: {row["title"] for row in self.stack.events(connection).values()} == {"One", "Two, again"}, 15, "the next change")
        self.assertMirrors(owner, email, connection)
        self.assertGrown(shown, 1, "calendar_missed_push_total", provider="google")
