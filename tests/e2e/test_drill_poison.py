# SPDX-License-Identifier: Apache-2.0
"""Drill: one connection takes its worker down, again and again. It is found out and waits for a person; those that shared its
workers are served and never accused."""
import contextlib

import harness
from compare import differences
from events import timed
from failing import LONG
from harness import wait_until

setUpModule = harness.start_cluster
INNOCENTS = 6
FATAL = 5


class Poison(harness.Case):
    WORKERS = 0
    CONFIG = {"worker": {"lease_seconds": 120}}

    def in_flight(self):
        """Connections that a living worker works on."""
        return self.sql.column("SELECT c.id::text FROM external_calendar_connections c JOIN calendar_sync_workers w ON w.id = c.lease_owner"
                               " WHERE c.lease_until > now() AND w.heartbeat_at > now() - interval '15 s'")

    def start_worker(self):
        return self.stack.start_workers(1)[0]

    def kill(self, worker):
        """A death that the others learn of at once instead of after 15 s."""
        self.stack.workers.remove(worker)
        worker.kill()
        self.sql.execute("UPDATE calendar_sync_workers SET heartbeat_at = now() - interval '1 minute'")

    def die_together(self, everyone):
        """A worker dies while it works on all of them at once."""
        with contextlib.ExitStack() as stack:
            for _, email, connection in everyone:
                self.stack.set(connection, "sync_needed = true")
                stack.enter_context(self.emulator.hold("api", account=email))
            worker = self.start_worker()
            wait_until(lambda: len(self.in_flight()) == len(everyone), 20, lambda: f"all are in flight; there are {self.in_flight()}")
            self.kill(worker)

    def die_of(self, poison):
        """The poison takes its worker down as soon as the provider sees a request for it. How many runs of suspects were under way
        with it."""
        with self.emulator.hold("api", account=poison[1]) as held:
            worker = self.start_worker()
            held.wait()
            suspects = self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE lease_until > now()"
                                      " AND unsettled_claims >= 2 AND id = ANY (%s::uuid[])", self.in_flight())
            self.kill(worker)
        return suspects

    def test_it_is_suspended_after_five_ends_and_nobody_else_is(self):
        everyone = [(owner, email, self.stack.connect_google(owner, email))
                    for owner, email in [(self.stack.new_owner(), self.account([timed("one0000001", "One")])) for _ in range(INNOCENTS + 1)]]
        poison, innocents = everyone[0], everyone[1:]
        # The first two ends are everybody's: nobody knows whose fault they are.
        self.die_together(everyone)
        self.die_together(everyone)
        for end in range(2, FATAL):
            for _, email, connection in innocents:
                self.emulator.put_event(email, email, timed(f"more00000{end}", "More"))
                self.stack.set(connection, "sync_needed = true")
            self.assertEqual(self.die_of(poison), 1, "a suspect runs without another one")
            self.assertEqual(self.stack.connection(poison[2])["unsettled_claims"], end)
        asked = len(self.emulator.calls(account=poison[1]))
        self.start_worker()
        row = self.stack.wait_row(poison[2], lambda row: row["lease_until"] is None, "it is suspended")
        self.assertEqual(len(self.emulator.calls(account=poison[1])), asked, "no call is made for it any more")
        self.assertTrue(row["last_error"].startswith(f"internal_error: the last {FATAL} runs of this connection ended with their worker"), row)
        self.assertGreater(self.stack.backoff_seconds(poison[2]), LONG)
        self.assertEqual((row["error_count"], row["sync_needed"], row["unsettled_claims"]), (1, True, 0))
        for owner, email, connection in innocents:
            self.assertHealthy(owner, email, connection)
        self.assertReadable(poison[2], row["last_error"])
        self.assertMended(*poison)

    def assertHealthy(self, owner, email, connection):
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["backoff_until"]), (0, None, None))
        outcomes = self.sql.column("SELECT DISTINCT outcome FROM calendar_sync_runs WHERE connection_id = %s", connection)
        self.assertEqual(outcomes, ["complete"])
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def assertReadable(self, connection, error):
        shown = self.stack.shown(connection)
        self.assertEqual((shown["state"], shown["last_error"]), ("suspended", error))
        shown = self.stack.app.get(f"/api/calendar/connections/{connection}/explain").json()
        self.assertEqual([(one["to"], one["reason"]) for one in shown["state_changes"]], [("suspended", error)])
        status, why, _ = self.stack.run_api("explain", connection)
        self.assertEqual((status, why.splitlines()[0]), (0, f"suspended: {error}"))

    def assertMended(self, owner, email, connection):
        """The runbook's way out gives it a fresh set of attempts."""
        self.stack.set(connection, "backoff_until = NULL")
        self.stack.wait_synced(connection)
        self.assertEqual(self.stack.shown(connection)["state"], "active")
        self.emulator.put_event(email, email, timed("after00001", "After"))
        self.stack.sync(connection)
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])
