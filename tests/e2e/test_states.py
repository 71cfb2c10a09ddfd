# SPDX-License-Identifier: Apache-2.0
"""The state of a connection: derived from evidence, told when it changes and when it is over, and never a false alarm."""
import random

import harness
from events import timed
from failing import FailureCase

setUpModule = harness.start_cluster


class States(FailureCase):
    def changes(self, connection, caller=None):
        answer = (caller or self.stack.app).get(f"/api/calendar/connections/{connection}/explain")
        self.assertEqual(answer.status, 200, answer.text)
        return [(one["from"], one["to"], one["reason"]) for one in reversed(answer.json()["state_changes"])]

    def assertShown(self, connection, state, owner):
        shown = self.stack.shown(connection)
        self.assertEqual((shown["state"], shown["error_owner"]), (state, owner), shown)
        return shown

    def test_trouble_and_recovery_are_told_once_each(self):
        owner, address, connection = self.changed()
        self.assertShown(connection, "active", "none")
        self.assertEqual(self.changes(connection), [])
        with self.emulator.outage():
            first = self.fails("provider_unavailable", connection)
            self.fails("provider_unavailable", connection, count=2, high=30)
            shown = self.assertShown(connection, "provider_down", "provider")
            self.assertIsNone(shown["recovered_at"])
        self.recovers(owner, address, connection)
        self.assertEqual(self.changes(connection), [("active", "provider_down", first["last_error"]), ("provider_down", "active", None)])
        self.assertEqual(self.changes(connection, self.stack.admin), self.changes(connection))
        recovered = self.assertShown(connection, "active", "none")
        self.assertEqual(recovered["recovered_at"], recovered["state_since"])
        self.assertGreater(recovered["state_since"], shown["state_since"])
        worker = self.stack.workers[0]
        self.assertEqual(worker.wait_message("calendar connection changed state", connection_id=connection)["metadata"]["to"], "provider_down")
        self.assertEqual(worker.wait_message("calendar connection recovered", connection_id=connection)["level"], "info")
        rows = self.sql.rows("SELECT * FROM calendar_connection_states WHERE connection_id = %s ORDER BY id", connection)
        self.assertEqual({str(row["provider_id"]) for row in rows}, {owner})

    def test_a_dead_grant_and_its_reconnect_are_told(self):
        owner, address, connection = self.changed()
        self.emulator.revoke_grant(address)
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        self.fails("invalid_token", connection, low=30)
        self.assertShown(connection, "delayed", "none")
        self.fails("invalid_token", connection, count=2, verdict="suspend")
        self.assertShown(connection, "needs_reauth", "user")
        self.stack.connect_google(owner, address)
        self.assertHealed(owner, address, connection, "calendar sync completed")
        self.assertEqual([to for _, to, _ in self.changes(connection)], ["delayed", "needs_reauth", "active"])

    def test_a_calendar_that_cannot_be_read_delays_its_connection(self):
        owner, address, connection = self.changed()
        self.emulator.add_calendar(address, "second@example.com", "Second", "Europe/Berlin")
        self.assertIsNone(self.stack.sync(connection)["error"])
        with self.emulator.rule("events", lambda exchange: exchange.answer(400, [("Content-Type", "application/json")], b"{}"), address,
                                where=lambda call: "second" in call["path"]):
            self.assertIsNone(self.stack.sync(connection)["error"])
            shown = self.assertShown(connection, "delayed", "provider")
            self.assertIn("cannot be read", shown["reason"])
        self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertShown(connection, "active", "none")
        self.assertEqual([to for _, to, _ in self.changes(connection)], ["delayed", "active"])

    def test_what_operators_do_and_time_shows_at_once(self):
        _, _, connection = self.connected([timed("one0000001", "One")])
        self.stack.set(connection, "sync_enabled = false")
        self.assertShown(connection, "disabled", "none")
        self.stack.set(connection, "sync_enabled = true, backoff_until = now() + interval '1 hour'")
        self.assertShown(connection, "delayed", "operator")
        self.stack.set(connection, "backoff_until = now() + interval '40 days'")
        self.assertShown(connection, "suspended", "operator")
        self.stack.set(connection, "backoff_until = NULL")
        self.stack.wait_synced(connection)
        self.assertShown(connection, "active", "none")
        self.assertEqual(self.changes(connection), [])

    def test_fifty_transient_failures_ask_nobody_to_connect_again(self):
        owner, address, connection = self.changed()
        dice = random.Random(11)
        kinds = [(429, "slow down"), (500, ""), (502, "<html>"), (503, ""), (403, '{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}'),
                 (200, "{"), (408, ""), (400, "{}")]
        for _ in range(50):
            status, body = dice.choice(kinds)
            if dice.random() < 0.3:
                self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
            with self.emulator.answered(dice.choice(("api", "token")), address if dice.random() < 0.7 else None, status=status, body=body):
                self.stack.retry(connection)
                self.assertNotIn(self.stack.shown(connection)["state"], ("needs_reauth", "suspended"))
            self.assertEqual(self.stack.connection(connection)["grant_refusals"], 0)
        self.marks[connection] = self.stack.workers[0].mark()
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertMirrors(owner, address, connection)
        self.assertShown(connection, "active", "none")
        self.assertNotIn("needs_reauth", [to for _, to, _ in self.changes(connection)])
