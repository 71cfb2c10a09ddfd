# SPDX-License-Identifier: Apache-2.0
"""The kill switches, allowlists and job runs of the runbook, through a reload and through a restart. In mid-run:
test_drill_switches.py."""
import harness
from compare import differences
from events import timed
from stack import ALL_FLAGS

setUpModule = harness.start_cluster
SYNC, OAUTH, JOBS, WEBHOOK = ALL_FLAGS
PROVIDERS, CONNECTIONS = "CALENDAR_ALLOWLIST_PROVIDER_IDS", "CALENDAR_ALLOWLIST_CONNECTION_IDS"


class ProcedureCase(harness.Case):
    def setUp(self):
        self.number = 0
        self.addCleanup(lambda: self.stack.reload(**dict.fromkeys(ALL_FLAGS, "true"), **{PROVIDERS: "*", CONNECTIONS: ""}))

    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def change_at_provider(self, email):
        self.number += 1
        self.emulator.put_event(email, email, timed(f"change{self.number:04}", f"Change {self.number}"))

    def wake(self, connection):
        """Marks it as a trigger, a webhook or an operator does."""
        self.stack.set(connection, "sync_needed = true")

    def make_poll_due(self, connection):
        self.stack.set(connection, "last_synced_at = now() - interval '1 hour'")

    def assertLeftAlone(self, connection, email, action):
        """After the action no call is made for the account and no column of the row but the schedule's changes."""
        self.change_at_provider(email)
        action(connection)
        row, asked = self.stack.connection(connection), len(self.emulator.calls(account=email))
        self.stack.worker_rounds()
        self.assertEqual(len(self.emulator.calls(account=email)), asked)
        self.assertEqual(self.stack.connection(connection), row)

    def assertServed(self, connection, owner, email, action=None):
        self.change_at_provider(email)
        (action or self.wake)(connection)
        self.stack.wait_row(connection, lambda row: not row["sync_needed"] and row["lease_until"] is None
                            and row["last_synced_at"] > row["created_at"]
                            and len(self.stack.events(connection)) == len(self.emulator.live_events(email)), "the change is in the mirror")
        self.assertMirrors(owner, email, connection)

    def job(self, **scope):
        return self.stack.admin.post("/api/admin/calendar/jobs/run", scope)

    def assertOn(self, owner, *flags):
        """These features work."""
        if OAUTH in flags:
            self.assertEqual(self.stack.app.get("/api/auth/google", provider_id=owner).status, 200)
        if SYNC in flags:
            self.assertEqual(self.stack.app.get("/api/calendar/connections", provider_id=owner).status, 200)
        if JOBS in flags:
            self.assertEqual(self.job(provider_id=owner).status, 200)

    def assertRefused(self, answer, flag):
        self.assertAnswer(answer, 403, "calendar_sync_disabled")
        self.assertEqual(answer.json()["flag"], flag)

    def each_way(self):
        """The two ways of the runbook to bring a changed environment into force."""
        return self.stack.reload, self.stack.restart


class Flags(ProcedureCase):
    def test_sync_alone_off(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        for change in self.each_way():
            change(**{SYNC: "false"})
            self.assertRefused(self.stack.app.post("/api/calendar/sync", {"connection_id": connection}), SYNC)
            self.assertRefused(self.job(), SYNC)
            self.assertOn(owner, OAUTH)
            self.assertLeftAlone(connection, email, self.wake)
            self.assertLeftAlone(connection, email, self.make_poll_due)
            released = self.sql.value("SELECT now()")
            change(**{SYNC: "true"})
            self.stack.wait_row(connection, lambda row: row["last_synced_at"] > released and not row["sync_needed"],
                                "what was missed is done")
            self.assertMirrors(owner, email, connection)
            self.assertOn(owner, SYNC, JOBS)

    def test_oauth_alone_off(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        for change in self.each_way():
            link = self.stack.oauth_link(owner)
            change(**{OAUTH: "false"})
            self.assertRefused(self.stack.app.get("/api/auth/google", provider_id=owner), OAUTH)
            self.assertRefused(self.stack.stranger.call("GET", link.removeprefix(self.stack.root)), OAUTH)
            self.assertRefused(self.stack.stranger.get("/api/auth/google/callback", state="x", code="y"), OAUTH)
            self.assertServed(connection, owner, email)
            self.assertOn(owner, SYNC, JOBS)
            change(**{OAUTH: "true"})
            self.assertOn(owner, OAUTH)
            self.stack.connect_google(owner, email)

    def test_jobs_alone_off(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        for change in self.each_way():
            change(**{JOBS: "false"})
            self.assertRefused(self.job(), JOBS)
            self.assertOn(owner, SYNC, OAUTH)
            # On-demand work goes on, polling does not.
            self.assertServed(connection, owner, email)
            self.assertLeftAlone(connection, email, self.make_poll_due)
            self.assertServed(connection, owner, email)
            self.make_poll_due(connection)
            before = self.sql.value("SELECT now()")
            change(**{JOBS: "true"})
            self.stack.wait_row(connection, lambda row: row["last_synced_at"] > before, "polling goes on")
            self.assertServed(connection, owner, email, self.make_poll_due)
            self.assertOn(owner, JOBS)

    def test_webhooks_alone_off(self):
        owner, email, connection = self.connected([timed("one0000001", "One")])
        for change in self.each_way():
            change(**{WEBHOOK: "false"})
            self.assertOn(owner, SYNC, OAUTH, JOBS)
            self.assertServed(connection, owner, email)
            self.assertServed(connection, owner, email, self.make_poll_due)
            change(**{WEBHOOK: "true"})

    def test_a_reload_says_what_changed(self):
        marks = [(daemon, daemon.mark()) for daemon in (self.stack.api_process, *self.stack.workers)]
        self.stack.reload(**{JOBS: "false"})
        for daemon, mark in marks:
            line = daemon.wait_log(lambda line: line.get("metadata", {}).get("name") == JOBS, f"the change of {JOBS}", after=mark)
            self.assertEqual((line["level"], line["metadata"]["before"], line["metadata"]["after"]), ("info", "true", "false"))


class Lists(ProcedureCase):
    def one_list(self, name, entry_of):
        """Taking somebody off a list leaves their rows as they are and touches nobody else; putting them back serves what was missed."""
        out, staying = self.connected([timed("out0000001", "Out")]), self.connected([timed("in00000001", "In")])
        for change in self.each_way():
            change(**{name: f"{entry_of(*out)},{entry_of(*staying)}"})
            self.assertServed(out[2], out[0], out[1])
            change(**{name: entry_of(*staying)})
            self.assertAnswer(self.stack.app.post("/api/calendar/sync", {"connection_id": out[2]}), 403, "not_allowlisted")
            self.assertServed(staying[2], staying[0], staying[1])
            self.assertLeftAlone(out[2], out[1], self.wake)
            self.assertLeftAlone(out[2], out[1], self.make_poll_due)
            self.assertServed(staying[2], staying[0], staying[1], self.make_poll_due)
            # A job run over everything concerns only who is on the lists.
            job = self.job()
            self.assertEqual((job.status, job.json()["summary"]["connections_processed"]), (200, 1), job.text)
            self.stack.set(out[2], "sync_needed = false, last_synced_at = now()")
            before = self.sql.value("SELECT now()")
            change(**{name: f"{entry_of(*staying)},{entry_of(*out)}"})
            self.stack.wait_row(out[2], lambda row: row["last_synced_at"] > before and not row["sync_needed"], "what was missed is done")
            self.assertMirrors(*out)

    def test_the_provider_list(self):
        self.one_list(PROVIDERS, lambda owner, email, connection: owner)

    def test_the_connection_list(self):
        self.one_list(CONNECTIONS, lambda owner, email, connection: connection)


class Shutdown(ProcedureCase):
    def test_a_complete_shutdown_and_the_release(self):
        held_back = [self.connected([timed("one0000001", "One")]) for _ in range(3)]
        owner, email, connection = held_back[0]
        for change in self.each_way():
            change(**dict.fromkeys(ALL_FLAGS, "false"))
            for caller, method, path, body in (
                    (self.stack.app, "GET", f"/api/auth/google?provider_id={owner}", None),
                    (self.stack.stranger, "GET", "/api/auth/google/callback?state=x&code=y", None),
                    (self.stack.app, "GET", f"/api/calendar/connections?provider_id={owner}", None),
                    (self.stack.app, "GET", f"/api/calendar/connections/{connection}", None),
                    (self.stack.app, "PATCH", f"/api/calendar/connections/{connection}", {"sync_enabled": False}),
                    (self.stack.app, "DELETE", f"/api/calendar/connections/{connection}", None),
                    (self.stack.app, "GET", f"/api/calendar/connections/{connection}/calendars", None),
                    (self.stack.app, "POST", "/api/calendar/sync", {"connection_id": connection}),
                    (self.stack.app, "GET",
                     f"/api/calendar/events?provider_id={owner}&from=2027-01-01T00:00:00Z&to=2028-01-01T00:00:00Z", None),
                    (self.stack.admin, "POST", "/api/admin/calendar/jobs/run", {})):
                self.assertAnswer(caller.call(method, path, body), 403, "calendar_sync_disabled")
            self.assertEqual(self.stack.admin.get("/api/admin/calendar/status").status, 200)
            asked = len(self.emulator.calls())
            for one in held_back:
                self.change_at_provider(one[1])
                self.wake(one[2])
                self.make_poll_due(one[2])
            self.stack.worker_rounds()
            self.assertEqual(len(self.emulator.calls()), asked, "nothing leaves the worker")
            # Also those that nobody marked meanwhile are due on release: a push refused with 403 does not come again.
            self.sql.execute("UPDATE external_calendar_connections SET sync_needed = false, last_synced_at = now()")
            released = self.sql.value("SELECT now()")
            mark = self.stack.workers[0].mark() if change == self.stack.reload else 0
            change(**dict.fromkeys(ALL_FLAGS, "true"))
            for one in held_back:
                self.stack.wait_row(one[2], lambda row: row["last_synced_at"] > released and not row["sync_needed"],
                                    "what was missed is done")
                self.assertMirrors(*one)
            line = self.stack.workers[0].wait_message("marked due", after=mark)
            self.assertEqual((line["level"], line["metadata"]["connections"]), ("info", str(len(held_back))))
