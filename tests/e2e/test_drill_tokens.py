# SPDX-License-Identifier: Apache-2.0
"""Drill: refresh tokens that rotate, answers of the token endpoint that are lost, and a database that is away when a new token
is to be stored. See also test_drill_grants.py."""
import harness
from events import timed
from failing import LONG, FailureCase
from harness import wait_until

setUpModule = harness.start_cluster

# Refuses the next three writes of credentials; sequences survive a rollback.
REFUSE_WRITES = """
CREATE SEQUENCE refused_writes;
CREATE FUNCTION refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('refused_writes') <= 3 THEN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE ON external_calendar_credentials FOR EACH ROW EXECUTE FUNCTION refuse_write();
"""
TAKE_WRITES = "DROP TRIGGER refuse_write ON external_calendar_credentials; DROP FUNCTION refuse_write(); DROP SEQUENCE refused_writes"


class RotatingTokens(FailureCase):
    def assertCounted(self):
        """Not here: some tests replace the stored grant behind the worker's back."""

    def expire(self, connection):
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")

    def refreshes(self, address):
        return self.emulator.calls(account=address, path="/token")[1:]

    def test_every_rotated_token_is_kept(self):
        owner, address, connection = self.changed()
        with self.emulator.settings(rotate_refresh_tokens=True):
            for count in range(1, 5):
                self.expire(connection)
                self.assertIsNone(self.stack.sync(connection)["error"])
                self.assertEqual([call["status"] for call in self.refreshes(address)], [200] * count)
        self.assertMirrors(owner, address, connection)

    def test_a_rotated_token_is_stored_before_it_is_used_although_the_database_refuses_it_at_first(self):
        owner, address, connection = self.changed()
        with self.emulator.settings(rotate_refresh_tokens=True):
            self.sql.execute(REFUSE_WRITES)
            try:
                self.expire(connection)
                self.assertIsNone(self.stack.sync(connection)["error"])
                self.assertGreater(self.sql.value("SELECT last_value FROM refused_writes"), 3, "three writes were refused")
            finally:
                self.sql.execute(TAKE_WRITES)
            self.assertEqual([call["status"] for call in self.refreshes(address)], [200])
            self.expire(connection)
            self.assertIsNone(self.stack.sync(connection)["error"])
        self.assertMirrors(owner, address, connection)
        self.assertEqual(self.stack.connection(connection)["grant_refusals"], 0)

    def test_a_lost_answer_is_asked_for_again_where_the_old_token_is_still_good(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        with self.emulator.trouble("drop_before", operation="token", after_commit=True, times=1):
            row = self.fails("network_error", connection)
        self.assertEqual(row["grant_refusals"], 0)
        self.assertEqual(self.stack.shown(connection)["state"], "provider_down")
        self.recovers(owner, address, connection)

    def test_a_lost_answer_that_rotated_the_token_needs_a_person_after_two_proofs(self):
        owner, address, connection = self.changed()
        self.expire(connection)
        with self.emulator.settings(rotate_refresh_tokens=True):
            with self.emulator.trouble("drop_before", operation="token", after_commit=True, times=1):
                self.fails("network_error", connection)
            self.fails("invalid_token", connection, count=2, low=60, high=70)
            self.assertEqual(self.stack.shown(connection)["state"], "delayed")
            self.fails("invalid_token", connection, count=3, low=LONG, verdict="suspend")
            self.assertEqual(self.stack.shown(connection)["state"], "needs_reauth")
            asked = len(self.refreshes(address))
            self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
            self.stack.worker_rounds()
            self.assertEqual(len(self.refreshes(address)), asked, "a dead grant makes no calls")
            self.stack.connect_google(owner, address)
            self.assertHealed(owner, address, connection, "calendar sync completed")

    def test_a_token_that_a_person_brings_during_the_run_is_taken(self):
        """The run's grant is refused while its owner connects again: nobody is told of a failure."""
        owner, address, connection = self.changed()
        self.expire(connection)
        self.marks[connection] = self.stack.workers[0].mark()
        with self.emulator.hold("token", account=address) as held:
            # Revoked before the provider sees the request; connected again before it answers.
            self.emulator.revoke_grant(address)
            self.stack.set(connection, "sync_needed = true")
            held.wait()
            rule = self.emulator.proxy.rules.pop()
            try:
                self.stack.connect_google(owner, address)
            finally:
                self.emulator.proxy.rules.append(rule)
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"], row["grant_refusals"]), (0, None, 0))
        self.assertEqual(self.stack.shown(connection)["state"], "active")
        outcomes = {run["outcome"] for run in self.history(connection)}
        self.assertEqual(outcomes, {"complete"})
        self.assertMirrors(owner, address, connection)

    def test_a_refused_token_is_replaced_by_the_one_that_was_stored_meanwhile(self):
        owner, address, connection = self.changed()
        asked = len(self.refreshes(address))
        with self.emulator.hold("api", account=address) as held:
            self.stack.set(connection, "sync_needed = true")
            held.wait()
            self.emulator.expire_tokens(address)
            self.stack.connect_google(owner, address)
        row = self.stack.wait_synced(connection)
        self.assertEqual((row["error_count"], row["last_error"]), (0, None))
        # Connecting exchanged a code; nobody refreshed.
        self.assertEqual(len(self.refreshes(address)) - asked, 1)
        self.assertMirrors(owner, address, connection)
