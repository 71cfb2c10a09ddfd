# SPDX-License-Identifier: Apache-2.0
"""The privileges of the daemons and of people on call, exactly. After a change that is meant:
CALSYNC_WRITE_GOLDEN=1 tests/e2e/run test_grants"""
import os
import pathlib
import subprocess
import uuid

import psycopg2

import grants
import harness
from stack import ROOT, Stack

setUpModule = harness.start_cluster

ACTION = ("INSERT INTO calendar_operator_actions (actor, actor_kind, action) VALUES ('somebody', 'admin', 'test')",)
CHANGES = ("UPDATE calendar_operator_actions SET reason = 'never'", "DELETE FROM calendar_operator_actions", "TRUNCATE calendar_operator_actions",
           "ALTER TABLE calendar_operator_actions DISABLE TRIGGER ALL", "DROP TABLE calendar_operator_actions")


class Grants(harness.Case):
    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        cls.url = harness.cluster().create_database(name, harness.TEMPLATE)
        cls.database = harness.cluster().open(name)
        cls.addClassCleanup(cls.database.close)
        grants.apply_roles(cls.url)
        for role in ("api", "worker", "oncall", "metrics"):
            cls.database.execute(f"CREATE USER {role}_user IN ROLE calsync_{role}")

    def session(self, user):
        session = psycopg2.connect(self.url.replace("calsync@", user + "@"))
        session.autocommit = True
        self.addCleanup(session.close)
        return session.cursor()

    def test_they_are_those_of_the_golden_file(self):
        found = "\n".join(grants.lines(self.database)) + "\n"
        if os.environ.get("CALSYNC_WRITE_GOLDEN"):
            grants.GOLDEN.write_text(found, encoding="utf-8")
        self.assertEqual(found, grants.GOLDEN.read_text(encoding="utf-8"))

    def test_applying_the_roles_again_changes_nothing(self):
        before = grants.lines(self.database)
        grants.apply_roles(self.url)
        self.assertEqual(grants.lines(self.database), before)

    def test_nobody_changes_what_the_audit_says(self):
        self.session("api_user").execute(ACTION[0])
        before = self.database.rows("SELECT * FROM calendar_operator_actions ORDER BY id")
        for user in ("api_user", "worker_user", "oncall_user", "metrics_user"):
            for statement in CHANGES:
                with self.subTest(user, statement=statement), self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                    self.session(user).execute(statement)
        for user in ("worker_user", "oncall_user", "metrics_user"):
            with self.subTest(user), self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.session(user).execute(ACTION[0])
        self.assertEqual(self.database.rows("SELECT * FROM calendar_operator_actions ORDER BY id"), before)

    def test_the_worker_rolls_partitions_and_others_do_not(self):
        self.session("worker_user").execute("SELECT calsync_roll_partitions(30)")
        for user in ("api_user", "oncall_user", "metrics_user"):
            with self.subTest(user), self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.session(user).execute("SELECT calsync_roll_partitions(0)")


class Upgrade(harness.Case):
    """A database of the version before, with its history and its roles."""

    @classmethod
    def setUpClass(cls):
        pass

    def upgraded(self):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        url = harness.cluster().create_database(name)
        sql = harness.cluster().open(name)
        self.addCleanup(sql.close)
        sql.execute("CREATE TABLE calsync_schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())")
        for path in sorted(pathlib.Path(ROOT / "sql" / "migrations").glob("000[1-7]_*.sql")):
            sql.execute(path.read_text(encoding="utf-8"))
            sql.execute("INSERT INTO calsync_schema_migrations (version, name) VALUES (%s, %s)", int(path.name[:4]), path.stem)
        return name, url, sql

    # What the worker of the version before writes when a run is over.
    OLD_HISTORY = ("INSERT INTO calendar_sync_runs (sync_id, connection_id, provider_id, provider, worker_id, lease_token, outcome, error,"
                   " items_ingested, items_updated, items_deleted, items_failed, started_at)"
                   " SELECT gen_random_uuid(), id, provider_id, provider, NULL, 1, 'complete', NULL, 1, 2, 3, 4, now()"
                   " FROM external_calendar_connections WHERE id = %s")

    def test_history_and_grants_are_kept_and_an_old_worker_goes_on(self):
        name, url, sql = self.upgraded()
        for role in ("calsync_api", "calsync_worker", "calsync_oncall"):
            sql.execute(f"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF; END $$")
            sql.execute(f"GRANT SELECT ON calendar_sync_runs TO {role}")
        sql.execute("GRANT INSERT, UPDATE, DELETE ON calendar_sync_runs TO calsync_worker")
        sql.execute("GRANT USAGE ON SCHEMA public TO calsync_worker")
        sql.execute("GRANT SELECT, UPDATE ON external_calendar_connections TO calsync_worker")
        sql.execute("CREATE USER old_worker IN ROLE calsync_worker")
        owner = sql.value("INSERT INTO profiles (email) VALUES ('owner@example.com') RETURNING id")
        connection = sql.value("INSERT INTO external_calendar_connections (provider_id, provider) VALUES (%s, 'google') RETURNING id", owner)
        for days in (0, 1, 5, 40):
            sql.execute(self.OLD_HISTORY, connection)
            sql.execute("UPDATE calendar_sync_runs SET finished_at = now() - make_interval(days => %s) WHERE finished_at > now() - interval '1 minute'", days)
            if days == 0:
                sql.execute("UPDATE calendar_sync_runs SET finished_at = now() - interval '2 minutes'")
        history = "SELECT sync_id, outcome, items_failed, started_at, finished_at FROM calendar_sync_runs ORDER BY sync_id"
        kept = sql.rows(history)
        self.assertEqual(len(kept), 4)
        stack = Stack(harness.cluster(), name, with_emulator=False)
        self.addCleanup(stack.close)
        stack.migrate()
        self.assertEqual(sql.rows(history), kept)
        allowed = "SELECT has_table_privilege(%s, 'calendar_sync_runs', %s)"
        for role, privilege in (("calsync_api", "SELECT"), ("calsync_oncall", "SELECT"), ("calsync_worker", "SELECT"), ("calsync_worker", "INSERT"),
                                ("calsync_worker", "DELETE")):
            self.assertTrue(sql.value(allowed, role, privilege), (role, privilege))
        self.assertFalse(sql.value(allowed, "calsync_api", "INSERT"))
        with psycopg2.connect(url.replace("calsync@", "old_worker@")) as session, session.cursor() as cursor:
            cursor.execute(self.OLD_HISTORY, (connection,))
            # And it claims, extends and settles as before.
            cursor.execute("UPDATE external_calendar_connections SET lease_token = lease_token + 1, lease_until = now() + interval '1 minute' WHERE id = %s", (connection,))
            cursor.execute("UPDATE external_calendar_connections SET last_synced_at = now(), sync_cursor = 'c', lease_until = NULL WHERE id = %s", (connection,))
        self.assertEqual(sql.value("SELECT count(*) FROM calendar_sync_runs"), 5)
        self.assertEqual(sql.value("SELECT count(*) FROM calendar_operator_actions"), 0)
        self.assertEqual(sql.value("SELECT count(*) FROM calendar_connection_timeline WHERE connection_id = %s AND kind = 'run'", connection), 5)
