# SPDX-License-Identifier: Apache-2.0
"""Drill: the calendar provider is down. Connections back off, nothing is half-written, what was mirrored stays readable, and the
end of the outage clears everything; the runbook's "clear backoff" does it at once."""
import contextlib
import datetime
import json

import harness
import runbook
from counting import REQUESTS
from events import timed
from failing import FailureCase
from harness import wait_until

setUpModule = harness.start_cluster
CLEAR_BACKOFF = ("Enable Backoff for Specific Connection", "Clear backoff")
YEAR = {"from": "2027-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z"}


class Outage(FailureCase):
    def clear_backoff(self, connection):
        """As the runbook says, through psql."""
        status, output = harness.psql(self.stack.database_url, runbook.blocks()[CLEAR_BACKOFF].replace("<connection_id>", connection))
        self.assertEqual((status, output.strip()), (0, "UPDATE 1"))

    def shown_titles(self, owner):
        answer = self.assertAnswer(self.stack.app.get("/api/calendar/events", provider_id=owner, **YEAR), 200)
        return sorted(event["title"] for event in answer.json()["events"])

    def test_an_outage_at_rest_and_its_end(self):
        everyone = [self.changed() for _ in range(8)]
        # One of them needs a new access token, too: the outage of the token endpoint is nobody's fault.
        self.stack.set(everyone[0][2], "token_expiry = now() - interval '1 minute'")
        before = self.settled()
        self.assertEqual(before.value("calendar_queue_backoff"), 0)
        with self.emulator.outage():
            for owner, address, connection in everyone:
                row = self.fails("provider_unavailable", connection, low=1, high=15)
                self.assertEqual(row["grant_refusals"], 0)
                shown = self.stack.shown(connection)
                self.assertEqual((shown["state"], shown["error_owner"], shown["last_error"]), ("provider_down", "provider", row["last_error"]))
                self.assertEqual(self.shown_titles(owner), ["One"])
            ends = [self.stack.connection(connection)["backoff_until"] for _, _, connection in everyone]
            self.assertGreater(len(set(ends)), 4, "they do not come back all at once")
            self.assertGreaterEqual(self.figures().value("calendar_queue_backoff"), 6)
            for operation, count in (("list_calendars", 7), ("refresh", 1)):
                self.assertGrown(before, count, REQUESTS, at_least=True, provider="google", operation=operation, status_class="5xx")
        # The first one recovers without help, as soon as its backoff is over.
        connections = [connection for _, _, connection in everyone]
        healthy = lambda: [str(row["id"]) for row in self.sql.rows(
            "SELECT id FROM external_calendar_connections WHERE id = ANY (%s::uuid[]) AND error_count = 0", connections)]
        first = wait_until(healthy, 20, "the first connection recovers by itself")[0]
        self.assertHealed(*everyone[connections.index(first)])
        self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc), min(ends))
        # For the others somebody on call clears the backoff.
        for _, _, connection in everyone:
            self.clear_backoff(connection)
        for owner, address, connection in everyone:
            self.assertHealed(owner, address, connection)
            self.assertEqual(self.shown_titles(owner), ["One", "Two"])
        self.assertEqual(self.figures().value("calendar_queue_backoff"), 0)

    def test_clearing_the_backoff_brings_the_recovery_forward(self):
        """The provider asks to stay away for two hours and is back much sooner."""
        helped, left = self.changed(), self.changed()
        with self.emulator.outage(retry_after="7200"):
            for _, _, connection in (helped, left):
                row = self.fails("provider_unavailable", connection, low=7200, high=7260)
            asked = self.asked()
            self.stack.worker_rounds(2)
            self.assertEqual(self.asked(), asked)
        self.clear_backoff(helped[2])
        self.assertHealed(*helped)
        self.assertEqual(self.stack.connection(left[2]), row, "the other one is left alone")
        self.clear_backoff(left[2])
        self.assertHealed(*left)

    def test_clearing_the_backoff_during_the_outage_costs_one_more_try_and_a_longer_backoff(self):
        owner, address, connection = self.changed()
        with self.emulator.outage():
            self.fails("provider_unavailable", connection)
            asked = self.asked(address)
            self.clear_backoff(connection)
            self.stack.wait_row(connection, lambda row: row["error_count"] == 2 and row["lease_until"] is None, "it was tried again")
            self.assertFailed("provider_unavailable", connection, count=2, low=1, high=30)
            self.assertEqual(self.asked(address) - asked, 1)
        self.recovers(owner, address, connection)

    def test_the_backoff_grows_with_the_errors_and_is_capped(self):
        owner, address, connection = self.changed()
        with self.emulator.outage():
            for count in range(1, 13):
                self.fails("provider_unavailable", connection, count, low=1, high=min(3600, 15 * 2 ** (count - 1)) + 1)
        self.recovers(owner, address, connection)

    def in_mid_run(self, trouble, connection, address, after, start):
        """start() begins a run; the outage begins when its call number `after` is under way. The mirror stays as it was; the row."""
        before, synced = self.stack.events(connection, everything=True), self.stack.connection(connection)["last_synced_at"]
        self.marks[connection] = self.stack.workers[0].mark()
        with self.emulator.hold("api", account=address, after=after) as held:
            start()
            held.wait()
            trouble.enter_context(self.emulator.outage())
        row = self.stack.wait_row(connection, lambda row: row["error_count"] == 1 and row["lease_until"] is None, "the run has failed")
        self.assertFailed("provider_unavailable", connection, low=1, high=15, after=self.marks[connection])
        self.assertEqual((self.stack.events(connection, everything=True), row["last_synced_at"]), (before, synced))
        return row

    def test_an_outage_in_the_middle_of_a_later_run(self):
        owner, address, connection = self.changed()
        cursor = json.loads(self.stack.connection(connection)["sync_cursor"])
        with contextlib.ExitStack() as trouble:
            row = self.in_mid_run(trouble, connection, address, 1, lambda: self.stack.set(connection, "sync_needed = true"))
            # The list of calendars was read, perhaps a second later than the last time.
            self.assertEqual({**json.loads(row["sync_cursor"]), "listed": cursor["listed"]}, cursor)
        self.recovers(owner, address, connection)

    def test_an_outage_between_two_pages_of_a_first_run(self):
        owner, address = self.stack.new_owner(), self.account()
        self.emulator.put_events(address, address, [timed(f"event{number:05}", f"Event {number}") for number in range(600)])
        with self.emulator.trouble("unavailable", address, retry_after="3600"):
            connection = self.stack.connect_google(owner, address)
            self.stack.wait_row(connection, lambda row: row["error_count"] == 1 and row["lease_until"] is None, "the first try has failed")
        pages = lambda: [call for call in self.emulator.calls(account=address) if call["path"].endswith("/events") and call["status"] == 200]
        # The list of calendars, the first page, and then no more.
        with contextlib.ExitStack() as trouble:
            self.in_mid_run(trouble, connection, address, 2, lambda: self.stack.set(connection, "backoff_until = NULL, error_count = 0"))
            self.assertEqual((len(pages()), self.stack.events(connection, everything=True)), (1, {}))
        self.recovers(owner, address, connection)
        self.assertEqual(len(self.stack.events(connection)), 600)

    def test_connecting_during_an_outage_is_answered_as_such_and_leaves_nothing(self):
        owner, address = self.stack.new_owner(), self.account([timed("one0000001", "One")])
        with self.emulator.trouble("unavailable", operation="token"):
            self.assertAnswer(self.stack.finish_oauth(owner, address), 503, "provider_unavailable")
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE provider_id = %s", owner), 0)
        connection = self.stack.connect_google(owner, address)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, address, connection)
