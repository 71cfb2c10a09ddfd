# SPDX-License-Identifier: Apache-2.0
"""calsync-api rotate-keys: everything under the new key, under load, with no failed run; and why it says when it is not done.

CALSYNC_ROTATION_ROWS sets the number of credentials (default 20000; a release is tested with 100000), of which 2000 are in use."""
import os
import subprocess
import time

import psycopg2

import harness
from client import Browser
from harness import wait_until
from rotating import RotationCase, credential
from sealing import key_of

setUpModule = harness.start_cluster
ROWS = int(os.environ.get("CALSYNC_ROTATION_ROWS", "20000"))
IN_USE = 2000


class UnderLoad(RotationCase):
    """Each run refreshes: access tokens live no longer than the margin before their end, and every refresh brings another refresh token."""

    def test_a_rotation_under_load_fails_no_run_and_leaves_nothing(self):
        self.emulator.control("POST", "/settings", {"rotate_refresh_tokens": True, "access_token_lifetime_seconds": 60})
        self.use("k1", "k2")
        busy = self.many_accounts(IN_USE // 2, self.ring("k1"))
        idle = self.idle_accounts((ROWS - IN_USE) // 2, self.ring("k1"))
        self.leftovers(50, self.ring("k1"))
        self.stack.start_api()
        self.stack.start_workers(2)
        browser, owner, email = Browser(), self.stack.new_owner(), self.account()
        with self.load(busy):
            self.wait_each_served(busy)
            self.assertEqual(set(self.by_key()), {"k1"})
            back = self.stack.consent(self.stack.oauth_link(owner), browser, email)
            self.replace_daemons("k2", "k1")
            before = self.served(busy)
            began = time.monotonic()
            output = self.assertRotated("credentials", "50 abandoned channels", "50 revocations", "1 connect attempts", "'k2'")
            took, during = time.monotonic() - began, self.served(busy) - before
            self.assertEqual(set(self.by_key()), {"k2"}, output)
            self.assertRotated("re-sealed 0 credentials, 0 abandoned channels, 0 revocations, 0 connect attempts")
            self.replace_daemons("k2")
            self.assertEqual(browser.get(back).status, 200)
            self.wait_each_served(busy)
            self.assertEqual(set(self.by_key()), {"k2"})
        self.assertNoFailedRun()
        print(f"     {ROWS} credentials: {output.strip()} in {took:.1f} s, {during} runs meanwhile", flush=True)
        self.assertReadable(busy + idle)

    def replace_daemons(self, *names):
        """One after the other, as in a rolling restart."""
        self.use(*names)
        for worker in list(self.stack.workers):
            self.assertEqual(worker.terminate(), 0)
            self.stack.workers.remove(worker)
            self.stack.start_workers(1)
        self.assertEqual(self.stack.api_process.terminate(), 0)
        self.stack.start_api()

    def assertReadable(self, connections):
        """What is stored opens with the new key alone, where it stands."""
        ring, owners = self.ring("k2"), {connection: owner for owner, connection in connections}
        rows = self.sql.rows("SELECT connection_id::text AS id, kind, sealed, key_id FROM external_calendar_credentials")
        mine = [row for row in rows if row["id"] in owners]
        self.assertEqual(len(mine), 2 * len(connections))
        for row in mine:
            self.assertTrue(ring.open(row["sealed"], *credential(row["id"], owners[row["id"]], row["kind"])))
            self.assertEqual(row["key_id"], "k2")


class Obstacles(RotationCase):
    """Why the old key is still needed: exit 1 and a sentence."""

    def test_what_cannot_be_opened_is_named_and_keeps_nobody_from_his_turn(self):
        """More rows than a portion of the rotation, all of them before the others."""
        self.many_accounts(300, self.ring("k0"), first="0")
        self.many_accounts(20, self.ring("k1"), first="f")
        self.use("k2", "k1")
        for resealed in ("40 credentials", "0 credentials"):
            status, output, error = self.rotate()
            self.assertEqual(status, 1, output + error)
            self.assertIn(f"re-sealed {resealed}", output)
            self.assertIn("600 left", output)
            self.assertIn("external_calendar_credentials", error)
            self.assertIn("'k0'", error)
            self.assertIn("580 more", error)
            some = self.sql.value("SELECT connection_id::text FROM external_calendar_credentials WHERE key_id = 'k0' ORDER BY 1 LIMIT 1")
            self.assertIn(some, error)
        self.assertEqual(self.by_key(), {"k0": 600, "k2": 40})
        self.use("k2", "k1", "k0")
        self.assertRotated("re-sealed 600 credentials")
        self.assertEqual(self.by_key(), {"k2": 640})
        lines = self.sql.rows("SELECT actor_kind, action, after FROM calendar_operator_actions WHERE action = 'rotate-keys' ORDER BY id DESC LIMIT 3")
        self.assertEqual([(line["actor_kind"], line["after"]["credentials"], line["after"]["left"]) for line in lines],
                         [("command", 600, 0), ("command", 0, 600), ("command", 40, 600)])
        self.assertEqual(lines[0]["after"]["key"], "k2")

    def test_an_altered_row_is_named_and_the_rest_goes_on(self):
        (_, connection), *_ = self.many_accounts(3, self.ring("k1"))
        self.sql.execute("UPDATE external_calendar_credentials SET sealed = 'v1.k1.AAAA.' || 'a secret in the clear' WHERE connection_id = %s"
                         " AND kind = 'refresh_token'", connection)
        self.use("k2", "k1")
        status, output, error = self.rotate()
        self.assertEqual((status, "re-sealed 5 credentials" in output, "1 left" in output), (1, True, True), output + error)
        self.assertIn(f"external_calendar_credentials {connection} refresh_token", error)
        self.assertNotIn("in the clear", output + error)

    def test_dead_leftovers_in_an_unknown_key_are_nobodys_problem(self):
        self.leftovers(1, self.ring("k0"))
        self.sql.execute("UPDATE calendar_abandoned_channels SET expires_at = now() - interval '1 second'")
        self.sql.execute("DELETE FROM calendar_revocations")
        owner = self.stack.new_owner()
        self.sql.execute("INSERT INTO calendar_oauth_flows (state_hash, provider_id, provider, verifier_sealed, expires_at) VALUES"
                         " ('gone', %s, 'google', 'v1.k0.AAAA.AAAA', now()), ('open', %s, 'google', 'v1.k0.AAAA.AAAA', now() + interval '5 minutes')",
                         owner, owner)
        self.use("k2", "k1")
        status, output, error = self.rotate()
        self.assertEqual((status, "1 left" in output, "calendar_oauth_flows open" in error), (1, True, True), output + error)
        self.sql.execute("UPDATE calendar_oauth_flows SET expires_at = now()")
        self.assertRotated()

    def test_a_row_that_somebody_holds_is_waited_for(self):
        (_, connection), *_ = self.many_accounts(3, self.ring("k1"))
        self.use("k2", "k1")
        with psycopg2.connect(self.stack.database_url) as session, session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM external_calendar_credentials WHERE connection_id = %s FOR UPDATE", (connection,))
            running = subprocess.Popen([str(part) for part in self.stack.api_command("rotate-keys")], env=self.stack.environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
            wait_until(lambda: self.by_key() == {"k1": 2, "k2": 4}, 10, "the others are sealed again")
            self.assertIsNone(running.poll())
            session.rollback()
        output, error = running.communicate(timeout=20)
        self.assertEqual((running.returncode, error), (0, ""), output)
        self.assertIn("re-sealed 6 credentials", output)

    def test_one_that_was_killed_is_gone_on_with(self):
        (_, connection), *_ = self.many_accounts(3, self.ring("k1"))
        self.use("k2", "k1")
        with psycopg2.connect(self.stack.database_url) as session, session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM external_calendar_credentials WHERE connection_id = %s FOR UPDATE", (connection,))
            running = subprocess.Popen([str(part) for part in self.stack.api_command("rotate-keys")], env=self.stack.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: self.by_key() == {"k1": 2, "k2": 4}, 10, "the others are sealed again")
            running.kill()
            running.wait()
        self.assertRotated("re-sealed 2 credentials")
        self.assertEqual(self.by_key(), {"k2": 6})

    def test_a_daemon_with_the_old_ring_is_noticed(self):
        """It goes on storing rotated tokens under the old key: the rotation must not say that this one can go."""
        self.emulator.control("POST", "/settings", {"rotate_refresh_tokens": True, "access_token_lifetime_seconds": 60})
        self.use("k1", "k2")
        busy = self.many_accounts(40, self.ring("k1"))
        self.stack.start_workers(1)
        with self.load(busy):
            wait_until(lambda: self.served(busy) > 80, 30, "the worker is at work")
            self.use("k2", "k1")
            status, output, error = self.rotate()
            self.assertEqual(status, 1, output + error)
            self.assertIn("a daemon that has not been restarted", error)
            self.stack.stop_workers()
            self.stack.start_workers(1)
            self.assertRotated()
            served = self.served(busy)
            wait_until(lambda: self.served(busy) > served + 80, 30, "the worker is at work again")
        self.assertEqual({key_of(text) for text in self.sql.column("SELECT sealed FROM external_calendar_credentials")}, {"k2"})
        self.assertNoFailedRun()

    def test_a_key_that_was_taken_away_too_early_is_named_and_heals_when_it_is_back(self):
        (_, connection), *_ = self.many_accounts(1, self.ring("k1"))
        self.use("k2")
        self.stack.start_workers(1)
        row = self.stack.wait_row(connection, lambda row: row["last_error"], "the run fails")
        self.assertTrue(row["last_error"].startswith("configuration_error: "), row["last_error"])
        self.assertIn("'k1'", row["last_error"])
        self.use("k2", "k1")
        self.stack.stop_workers()
        self.stack.start_workers(1)
        self.stack.set(connection, "backoff_until = NULL")
        row = self.stack.wait_synced(connection)
        self.assertIsNone(row["last_error"])
