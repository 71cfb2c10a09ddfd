# SPDX-License-Identifier: Apache-2.0
"""Quotas that two workers keep together, and a provider that is away for all of them."""
import harness
from counting import Counting
from harness import wait_until

setUpModule = harness.start_cluster
API_PATH = "/calendar/v3/"


class Governed(Counting, harness.Case):
    WORKERS = 2

    def crowd(self, count):
        """So many accounts, each of an owner of its own, connected: ids."""
        return [self.stack.connect_google(self.stack.new_owner(), self.account()) for _ in range(count)]

    def api_calls(self):
        return sorted(call["at"] for call in self.emulator.calls(path=API_PATH))

    def rows(self, connections):
        return [self.stack.connection(one) for one in connections]

    def in_step(self, connections):
        return all(row["last_synced_at"] and not row["sync_needed"] for row in self.rows(connections))


def most_within(moments, seconds):
    return max(sum(1 for other in moments if first <= other < first + seconds) for first in moments)


class ProjectQuota(Governed):
    QUOTA = 40  # a minute: 8 at once, then one in two seconds
    CONFIG = {"providers": {"google": {"quotas": {"project_per_minute": QUOTA}}}}

    def test_two_workers_keep_the_quota_together_and_nobody_fails(self):
        connections = self.crowd(12)
        wait_until(lambda: self.in_step(connections), 90, "everybody had a turn")
        moments = self.api_calls()
        self.assertGreaterEqual(len(moments), 24)
        self.assertLessEqual(most_within(moments, 60), self.QUOTA)
        self.assertLessEqual(most_within(moments, 10), 8 + 5 + 2)
        for row in self.rows(connections):
            self.assertEqual((row["error_count"], row["last_error"]), (0, None))
        self.assertEqual(self.sql.rows("SELECT * FROM calendar_connection_states"), [], "waiting for its turn is no trouble")
        # A push or a person finds the same quota.
        for one in connections:
            self.stack.set(one, "sync_needed = true")
        wait_until(lambda: self.in_step(connections), 90, "and another")
        self.assertLessEqual(most_within(self.api_calls(), 60), self.QUOTA)


class AccountQuota(Governed):
    QUOTA = 10  # a minute: 2 at once
    CONFIG = {"providers": {"google": {"quotas": {"account_per_minute": QUOTA}}}}

    def test_the_budget_of_an_account_goes_from_run_to_run_and_worker_to_worker(self):
        other, = self.crowd(1)
        self.stack.wait_synced(other)
        owner, address = self.stack.new_owner(), self.account()
        connection = self.stack.connect_google(owner, address)
        self.stack.wait_synced(connection)
        for _ in range(3):
            self.stack.set(connection, "sync_needed = true")
            self.stack.wait_synced(connection, 60)
        calls = sorted(call["at"] for call in self.emulator.calls(account=address, path=API_PATH))
        self.assertGreaterEqual(len(calls), 8)
        self.assertLessEqual(most_within(calls, 60), self.QUOTA)
        self.assertEqual(self.stack.connection(connection)["error_count"], 0)


class Away(Governed):
    def circuit(self):
        return self.sql.value("SELECT max(state) FROM calendar_provider_circuits WHERE provider = 'google'")

    def fail_all(self, connections):
        self.sql.execute("UPDATE external_calendar_connections SET sync_needed = true, backoff_until = NULL WHERE id = ANY (%s::uuid[])", connections)

    def test_an_outage_opens_for_all_and_ends_slowly(self):
        connections = self.crowd(24)
        wait_until(lambda: self.in_step(connections), 60, "everybody is in step")
        with self.emulator.outage():
            def opened():
                self.fail_all(connections)
                return self.circuit() in ("open", "half_open")
            wait_until(opened, 60, "the outage is noticed")
            for worker in self.stack.workers:
                worker.wait_message("the provider google is away")
            status = self.stack.admin.get("/api/admin/calendar/status").json()["circuits"]
            self.assertEqual([(one["provider"], one["host"]) for one in status], [("google", "127.0.0.1")])
            self.assertIn("provider_unavailable", status[0]["reason"])
            # Due, and left alone: no further error, the wish is kept.
            wait_until(lambda: not any(row["lease_until"] for row in self.rows(connections)), 10, "runs in flight have ended")
            self.fail_all(connections)
            before = {str(row["id"]): row["error_count"] for row in self.rows(connections)}
            asked = len(self.emulator.calls())
            # Whoever starts now knows of it, too.
            self.stack.start_workers(1)
            self.stack.worker_rounds(10)
            self.assertLessEqual(len(self.emulator.calls()) - asked, 3, "probes only")
            worse = [row for row in self.rows(connections) if row["error_count"] > before[str(row["id"])]]
            self.assertLessEqual(len(worse), 3)
            self.assertTrue(all(row["sync_needed"] for row in self.rows(connections)))
        wait_until(lambda: self.in_step(connections), 150, "everybody is in step again")
        self.assertIn(self.circuit(), ("ramping", "closed"))
        self.assertEqual({row["error_count"] for row in self.rows(connections)}, {0})
        wait_until(lambda: self.circuit() == "closed", 120, "the circuit is closed")
        self.assertEqual(self.stack.admin.get("/api/admin/calendar/status").json()["circuits"], [])
