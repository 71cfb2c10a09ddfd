# SPDX-License-Identifier: Apache-2.0
"""Drill: storms of push messages. Every one is answered with 2xx, they cost a run or two, no table grows, and what changed meanwhile
is in the mirror afterwards."""
import pathlib
import time

import graph_pushes
import harness
import tables
from counting import PUSHES, RUNS
from events import timed
from failing import FailureCase
from failing_microsoft import MicrosoftFailures
from harness import wait_until
from pushes import PushCase, deliver, genuine, request

setUpModule = harness.start_cluster


class StormCase(FailureCase):
    CONFIG = PushCase.CONFIG

    def claims(self):
        """{connection: how often a worker has taken it}; every claim is one run."""
        return {str(row["id"]): row["lease_token"] for row in self.sql.rows("SELECT id, lease_token FROM external_calendar_connections")}

    def storm(self, messages, senders=8):
        """Sends these messages, which must all be taken; the seconds that it took."""
        begun = time.monotonic()
        statuses = deliver(self.stack.api_port, messages, senders)
        self.assertEqual((len(statuses), set(statuses)), (len(messages), {self.TAKEN}))
        return time.monotonic() - begun

    def wait_in_step(self, timeout=20):
        waiting = lambda: self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE sync_needed OR lease_until IS NOT NULL")
        wait_until(lambda: waiting() == 0, timeout, lambda: f"{waiting()} connections are not in step")

    def assertNoGrowth(self, before, runs):
        """Only the history has grown, by at most a line a run."""
        grown = {name: count - before[name] for name, count in tables.sizes(self.sql).items() if count != before[name]}
        self.assertLessEqual(grown.pop("calendar_sync_runs", 0), runs)
        self.assertEqual(grown, {})


class OneChannel(StormCase):
    def one_storm(self, numbers):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        channel = self.channel(connection)
        # Long ago enough for the first message to be served at once, the harder case.
        self.stack.set(connection, "last_synced_at = now() - interval '1 minute'")
        self.emulator.put_event(email, email, timed("one0000001", "One, changed"))
        shown, mark = self.settled(), self.stack.workers[0].mark()
        before, claims, asked = tables.sizes(self.sql), self.claims(), self.event_reads(email)
        took = self.storm([self.message(channel, number) for number in numbers])
        self.wait_in_step()
        runs = self.claims()[connection] - claims[connection]
        # Runs that pushes ask for are a second apart, so a storm within a second is two, whenever its last message comes.
        self.assertTrue(1 <= runs <= 2 + int(took), f"{runs} runs in {took} s")
        self.assertEqual(self.event_reads(email) - asked, runs, "one list of events each")
        lines = [line for line in self.stack.workers[0].logs[mark:]
                 if line.get("connection_id") == connection and line["message"] == "calendar sync completed"]
        self.assertEqual(len(lines), runs)
        self.assertGrown(shown, len(numbers), PUSHES, provider=self.PROVIDER, result="accepted")
        self.assertGrown(shown, runs, RUNS, provider=self.PROVIDER, outcome="complete")
        self.assertNoGrowth(before, runs)
        self.assertMirrors(owner, email, connection)

    def test_a_hundred_identical_messages_within_a_second_are_two_runs_at_most(self):
        self.one_storm([7] * 100)

    def test_a_hundred_and_fifty_messages_with_different_numbers_are_two_runs_at_most(self):
        self.one_storm(range(1, 151))

    def test_messages_in_any_order_are_all_taken(self):
        self.one_storm([number * 7919 % 151 for number in range(150)] + [2 ** 63, 2 ** 64, 0])

    def test_messages_that_each_come_after_the_run_for_the_last_are_a_run_a_second(self):
        """The harder half of a storm: nothing is there that they could be served with."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        channel, begun = self.channel(connection), []
        self.stack.set(connection, "last_synced_at = now() - interval '1 minute'")
        for number in range(3):
            asked = self.asked(email, self.API_PATH)
            self.emulator.put_event(email, email, timed("one0000001", f"One, version {number}"))
            self.storm([self.message(channel, number)])
            calls = wait_until(lambda: self.emulator.calls(account=email, path=self.API_PATH)[asked:], 10, "the message is served")
            begun.append(calls[0]["at"])
            self.wait_in_step()
        for earlier, later in zip(begun, begun[1:]):
            self.assertGreaterEqual(later - earlier, 1)
        self.assertMirrors(owner, email, connection)


class OneSubscription(MicrosoftFailures, OneChannel):
    CONFIG = StormCase.CONFIG

    def test_a_message_that_is_replayed_later_is_a_quiet_run(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        captured = self.message(self.channel(connection))
        for _ in range(3):
            before, shown = self.stack.events(connection), self.settled()
            self.stack.set(connection, "last_synced_at = now() - interval '1 minute'")
            self.storm([captured])
            self.wait_in_step()
            self.assertGrown(shown, 1, PUSHES, provider="microsoft", result="accepted")
            self.assertGrown(shown, 1, RUNS, provider="microsoft", outcome="complete")
            self.assertEqual(self.stack.events(connection), before)
        self.assertMirrors(owner, email, connection)

    def test_a_storm_in_one_message_is_two_runs_at_most(self):
        """A hundred items of one account and as many of another, in one POST."""
        everyone = [self.connected([timed("one0000001", "One")]) for _ in range(2)]
        items = [graph_pushes.notification(channel, number) for channel in [self.channel(one[2]) for one in everyone] for number in range(100)]
        for _, email, connection in everyone:
            self.stack.set(connection, "last_synced_at = now() - interval '1 minute'")
            self.emulator.put_event(email, email, timed("one0000001", "One, changed"))
        shown, claims = self.settled(), self.claims()
        self.storm([graph_pushes.message(*items)])
        self.wait_in_step()
        for owner, email, connection in everyone:
            self.assertLessEqual(self.claims()[connection] - claims[connection], 2)
            self.assertMirrors(owner, email, connection)
        self.assertGrown(shown, 200, PUSHES, provider="microsoft", result="accepted")


class ManyChannels(StormCase):
    # Each run is to end complete: no quota makes any wait.
    CONFIG = {**StormCase.CONFIG, "providers": {"google": {"quotas": {"project_per_minute": 0, "account_per_minute": 0}}}}
    CONNECTIONS = 200
    CALENDARS = 5  # of each connection, each with a channel

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls()
        cls.everyone = []
        for _ in range(cls.CONNECTIONS):
            owner, email = cls.stack.new_owner(), test.account([timed("one0000001", "Never changed")])
            for number in range(1, cls.CALENDARS):
                cls.stack.emulator.add_calendar(email, f"{number}-{email}", f"Calendar {number}", "Europe/Paris")
            cls.everyone.append((owner, email, cls.stack.connect_google(owner, email)))
        test.wait_in_step(40)
        cls.channels = {connection: [test.channel(connection, calendar=calendar)
                                     for calendar in [email, *(f"{number}-{email}" for number in range(1, cls.CALENDARS))]]
                        for _, email, connection in cls.everyone}

    def peak(self):
        """KiB of memory that the api-server has ever held."""
        status = pathlib.Path(f"/proc/{self.stack.api_process.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])

    def change_all(self, title):
        for _, email, _ in self.everyone:
            self.emulator.put_event(email, email, timed("one0000001", title))

    def assertAllMirrored(self):
        for one in self.everyone:
            self.assertMirrors(*one)

    def test_a_message_each_for_150_connections_is_a_run_or_two_each(self):
        chosen = self.everyone[:150]
        self.change_all("Changed once")
        before, claims, shown = tables.sizes(self.sql), self.claims(), self.settled()
        self.storm([request(genuine(self.channels[connection][0])) for _, _, connection in chosen])
        self.wait_in_step()
        runs = {connection: count - claims[connection] for connection, count in self.claims().items()}
        self.assertEqual({runs[connection] for _, _, connection in self.everyone[150:]}, {0}, "the others are left alone")
        self.assertLessEqual({runs[connection] for _, _, connection in chosen}, {1, 2})
        self.assertNoGrowth(before, sum(runs.values()))
        self.assertGrown(shown, 150, PUSHES, provider=self.PROVIDER, result="accepted")
        self.assertGrown(shown, sum(runs.values()), RUNS, provider=self.PROVIDER, outcome="complete")
        for one in chosen:
            self.assertMirrors(*one)

    def test_ten_messages_of_each_of_a_thousand_channels(self):
        """10,000 messages while the calendars change: all taken, everybody in step, in bounded time and memory."""
        begun, memory = time.monotonic(), self.peak()
        before, claims, shown = tables.sizes(self.sql), self.claims(), self.settled()
        self.change_all("Changed before the storm")
        wave = [request(genuine(self.channels[connection][channel], number))
                for number in range(5) for channel in range(self.CALENDARS) for _, _, connection in self.everyone]
        self.storm(wave, senders=16)
        self.change_all("Changed in the middle of the storm")
        self.storm(wave, senders=16)
        self.wait_in_step(30)
        self.assertAllMirrored()
        runs = {connection: count - claims[connection] for connection, count in self.claims().items()}
        self.assertTrue(all(1 <= count <= 3 + int(time.monotonic() - begun) for count in runs.values()), runs)
        self.assertNoGrowth(before, sum(runs.values()))
        self.assertGrown(shown, 2 * len(wave), PUSHES, provider=self.PROVIDER, result="accepted")
        self.assertGrown(shown, sum(runs.values()), RUNS, provider=self.PROVIDER, outcome="complete")
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE error_count > 0"), 0)
        self.assertEqual([line for line in self.stack.api_process.logs if line["level"] in ("warn", "error")], [])
        self.assertLess(self.peak() - memory, 16 * 1024, "KiB more than before")
        self.assertLess(time.monotonic() - begun, 40)
