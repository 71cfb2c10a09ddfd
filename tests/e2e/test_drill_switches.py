# SPDX-License-Identifier: Apache-2.0
"""Drill: somebody switches calendar sync off, or takes an owner off the list, while a run is under way. The run is given up without a
trace, rows are kept, calls to the provider stop; on return everything that could have been missed is due and gets in step."""
import uuid

import harness
import tables
from counting import FAILURES, PUSHES, RUNS
from events import timed
from failing import FailureCase
from failing_microsoft import MicrosoftFailures
from stack import ALL_FLAGS

setUpModule = harness.start_cluster
SYNC, OAUTH, JOBS, WEBHOOK = ALL_FLAGS
PROVIDERS, CONNECTIONS = "CALENDAR_ALLOWLIST_PROVIDER_IDS", "CALENDAR_ALLOWLIST_CONNECTION_IDS"
ON = {**dict.fromkeys(ALL_FLAGS, "true"), PROVIDERS: "*", CONNECTIONS: ""}
NOT_TOUCHED = ("sync_cursor", "last_synced_at", "error_count", "last_error", "backoff_until", "token_expiry", "grant_refusals")


class InMidRun(FailureCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: self.stack.reload(**ON))
        self.bystander = self.connected([timed("by00000001", "Bystander")])

    def prepared(self, pages):
        """A connection whose next run reads so many pages of 250 events."""
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.emulator.put_events(email, email, [timed(f"event{number:05}", f"Event {number}") for number in range(250 * pages)])
        return owner, email, connection

    def given_up(self, who, after, switch):
        """A run is under way with its call number `after` when switch() acts. What is left is the row as it was, due."""
        owner, email, connection = who
        before, row = self.stack.events(connection, everything=True), self.stack.connection(connection)
        history = len(self.history(connection))
        worker, shown = self.stack.workers[0], self.settled()
        mark = worker.mark()
        with self.emulator.hold("api", account=email, after=after) as held:
            self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
            held.wait()
            channel = self.channel(connection)
            switch()
            asked = self.asked(email)
        line = self.log_of(connection, "the end of the run", lambda line: "given up" in line["message"], mark)
        self.assertEqual((line["level"], line["message"], line["error_code"], line["category"]),
                         ("info", "calendar sync was given up without a verdict", "lease_lost", "calendar_sync"))
        after_it = self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the lease is given back")
        self.stack.worker_rounds()
        self.assertEqual(self.asked(email), asked, "no call starts after the switch")
        self.assertEqual(self.stack.events(connection, everything=True), before)
        for column in NOT_TOUCHED:
            self.assertEqual(after_it[column], row[column], column)
        self.assertTrue(after_it["sync_needed"], "it is due on return")
        self.assertEqual(len(self.history(connection)), history)
        self.assertEqual([line for line in worker.logs[mark:] if line["level"] in ("warn", "error") and "sync_id" in line], [])
        self.assertGrown(shown, 1, RUNS, provider=self.PROVIDER, outcome="discard")
        self.assertGrown(shown, 0, FAILURES)
        return channel

    def refused(self, who, channel, code, flag=None, push_code=None, push_flag=None):
        """What the host application and the provider are told meanwhile; nothing is touched by it."""
        before, shown = tables.contents(self.sql), self.figures()
        for answer, wanted, named in ((self.stack.app.post("/api/calendar/sync", {"connection_id": who[2]}), code, flag),
                                      (self.stack.app.get(f"/api/calendar/connections/{who[2]}"), code, flag),
                                      (self.push(channel), push_code or code, push_flag)):
            self.assertAnswer(answer, 403, wanted)
            self.assertEqual(answer.json().get("flag"), named, answer.text)
        self.assertEqual(tables.contents(self.sql), before)
        self.assertGrown(shown, 1, PUSHES, provider=self.PROVIDER, result="disabled" if flag else "not_allowlisted")

    def returned(self, *everyone, marked, **changes):
        """After the return everybody is read anew and in step, also who was not marked by anybody meanwhile."""
        for owner, email, connection in everyone:
            self.emulator.put_event(email, email, timed("late000001", "Changed while it was off"))
            self.stack.set(connection, "sync_needed = false, last_synced_at = now()")
        mark, back = self.stack.workers[0].mark(), self.sql.value("SELECT clock_timestamp()")
        self.stack.reload(**changes)
        for one in everyone:
            self.stack.wait_row(one[2], lambda row: row["last_synced_at"] > back and not row["sync_needed"] and row["lease_until"] is None,
                                "what was missed is done")
            row = self.stack.connection(one[2])
            self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
            self.assertMirrors(*one)
        line = self.stack.workers[0].wait_message("admitted again and marked due", after=mark, level="info")
        self.assertEqual(int(line["metadata"]["connections"]), marked)

    def connections(self):
        return self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE sync_enabled")

    def test_the_sync_switch_alone(self):
        who = self.prepared(pages=3)
        channel = self.given_up(who, 2, lambda: self.stack.reload(**{SYNC: "false"}))
        before = self.stack.connection(who[2])
        for answer in (self.stack.app.post("/api/calendar/sync", {"connection_id": who[2]}),
                       self.stack.admin.post("/api/admin/calendar/jobs/run", {})):
            self.assertAnswer(answer, 403, "calendar_sync_disabled")
            self.assertEqual(answer.json()["flag"], SYNC)
        # Webhooks are a switch of their own: messages are taken and wait.
        self.assertEqual(self.push(channel).status, self.TAKEN)
        asked = self.asked()
        self.stack.worker_rounds()
        self.assertEqual(self.asked(), asked)
        self.assertEqual(self.stack.connection(who[2])["lease_token"], before["lease_token"], "nothing is claimed")
        self.returned(who, self.bystander, marked=self.connections(), **{SYNC: "true"})

    def test_every_switch(self):
        who = self.prepared(pages=2)
        channel = self.given_up(who, 1, lambda: self.stack.reload(**dict.fromkeys(ALL_FLAGS, "false")))
        self.refused(who, channel, "calendar_sync_disabled", SYNC, push_flag=WEBHOOK)
        self.returned(who, self.bystander, marked=self.connections(), **dict.fromkeys(ALL_FLAGS, "true"))

    def test_a_malformed_value_switches_off_as_well(self):
        who = self.prepared(pages=2)
        self.given_up(who, 1, lambda: self.stack.reload(**{SYNC: "ture"}))
        self.stack.workers[0].wait_log(lambda line: line["level"] == "error" and line.get("metadata", {}).get("value") == "ture", "the value")
        self.returned(who, self.bystander, marked=self.connections(), **{SYNC: "true"})

    def off_the_list(self, name, entry_of):
        who = self.prepared(pages=3)
        channel = self.given_up(who, 2, lambda: self.stack.reload(**{name: entry_of(self.bystander)}))
        self.refused(who, channel, "not_allowlisted")
        # Nobody else is concerned.
        self.emulator.put_event(self.bystander[1], self.bystander[1], timed("by00000002", "Meanwhile"))
        self.assertIsNone(self.stack.sync(self.bystander[2])["error"])
        self.assertMirrors(*self.bystander)
        self.returned(who, marked=1, **{name: f"{entry_of(self.bystander)},{entry_of(who)}"})

    def test_an_owner_off_the_list(self):
        self.off_the_list(PROVIDERS, lambda one: one[0])

    def test_a_connection_off_the_list(self):
        self.off_the_list(CONNECTIONS, lambda one: one[2])

    def test_a_first_run_of_an_owner_off_the_list(self):
        """Of an import that had just begun nothing is kept but the connection."""
        owner, email = self.stack.new_owner(), self.account()
        self.emulator.put_events(email, email, [timed(f"event{number:05}", f"Event {number}") for number in range(600)])
        with self.emulator.hold("api", account=email, after=2) as held:
            connection = self.connect(owner, email)
            held.wait()
            self.stack.reload(**{PROVIDERS: str(uuid.uuid4())})
        self.log_of(connection, "the end of the run", lambda line: "given up" in line["message"])
        row = self.stack.wait_row(connection, lambda row: row["lease_until"] is None, "the lease is given back")
        self.assertEqual((row["sync_needed"], row["sync_cursor"], row["last_synced_at"], row["error_count"]), (True, None, None, 0))
        self.assertEqual(self.stack.events(connection, everything=True), {})
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendars WHERE connection_id = %s", connection), 0)
        self.stack.reload(**{PROVIDERS: "*"})
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)


class InMidRunAtMicrosoft(MicrosoftFailures, InMidRun):
    """The same, of a provider whose runs read series by series and whose messages name several owners."""
