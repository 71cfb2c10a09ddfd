# SPDX-License-Identifier: Apache-2.0
"""A stack whose key ring changes: many accounts at once, sealed without the product, and what is sealed with which key."""
import contextlib
import threading
import uuid

import psycopg2.extras

import harness
from daemon import run_to_end
from harness import wait_until
from postgres import Session
from sealing import Ring, new_key
from stack import Stack

SEALED = {"external_calendar_credentials": "sealed", "calendar_abandoned_channels": "sealed", "calendar_revocations": "sealed",
          "calendar_oauth_flows": "verifier_sealed"}


def credential(connection, owner, kind, provider="google"):
    return "external_calendar_credentials", "sealed", connection, owner, provider, kind


def revocation(row, owner, provider="google"):
    return "calendar_revocations", "sealed", row, owner, provider, "refresh_token"


class RotationCase(harness.Case):
    """Daemons talk to the emulator without the proxy, which would be the slowest of all."""
    WORKERS = 0
    # They are asked for all the time: no quota holds them back, and no more calls are under way than a busy machine answers in
    # time. The answer to a refresh that came too late would cost its account the grant.
    CONFIG = {"providers": {"google": {"quotas": {"project_per_minute": 0}}}, "worker": {"concurrency": 32}}

    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name, harness.TEMPLATE)
        cls.stack = Stack(harness.cluster(), name, cls.CONFIG)
        cls.addClassCleanup(cls.stack.close)
        provider = cls.stack.emulator.direct
        for key, path in {"authorize": "/o/oauth2/v2/auth", "token": "/token", "revoke": "/revoke", "userinfo": "/v1/userinfo",
                          "api": "/calendar/v3"}.items():
            cls.stack.config["providers"]["google"]["endpoints"][key] = provider + path
        cls.stack.write_config()

    def setUp(self):
        self.keys = {name: new_key(name) for name in ("k0", "k1", "k2")}
        self.use("k1")
        self.addCleanup(self.forget_everything)

    def forget_everything(self):
        self.stack.stop_daemons()
        self.sql.execute("TRUNCATE profiles, external_calendar_connections, calendar_abandoned_channels, calendar_revocations, calendar_oauth_flows CASCADE")

    def use(self, *names):
        """What daemons and commands that start from now on have as their ring."""
        self.stack.environment["CALENDAR_TOKEN_KEYS"] = ",".join(self.keys[name] for name in names)

    def ring(self, *names):
        return Ring(*(self.keys[name] for name in names))

    def rotate(self):
        """(exit status, what it reports on stdout, what it complains of)"""
        return run_to_end(self.stack.api_command("rotate-keys"), self.stack.environment, timeout=120)

    def assertRotated(self, *needles):
        status, output, error = self.rotate()
        self.assertEqual((status, error), (0, ""), output)
        for needle in (*needles, "0 left"):
            self.assertIn(needle, output)
        return output

    def by_key(self):
        """{key id: number of sealed texts} of all tables."""
        found = {}
        for table, column in SEALED.items():
            for row in self.sql.rows(f"SELECT split_part({column}, '.', 2) AS key, count(*) AS number FROM {table} GROUP BY 1"):
                found[row["key"]] = found.get(row["key"], 0) + row["number"]
        return found

    def insert(self, statement, rows):
        with psycopg2.connect(self.stack.database_url) as session, session.cursor() as cursor:
            psycopg2.extras.execute_values(cursor, statement, rows, page_size=1000)

    def many_accounts(self, count, ring, first=""):
        """Connections to accounts at the emulator, two credentials each and their access tokens at their end; [(owner, connection)].
        Their ids begin with `first`."""
        accounts = self.emulator.control("POST", "/accounts/bulk", {"prefix": uuid.uuid4().hex[:6], "count": count, "events_per_calendar": 1,
                                                                    "tokens": True})["accounts"]
        return self.add_connections(accounts, ring, first)

    def idle_accounts(self, count, ring):
        """The same of people who have switched theirs off, and who have no account anywhere."""
        return self.add_connections([{"email": f"{number}@idle.example", "access_token": f"a{number}", "refresh_token": f"r{number}"}
                                     for number in range(count)], ring, enabled=False)

    def add_connections(self, accounts, ring, first="", enabled=True):
        made = [(str(uuid.uuid4()), first + str(uuid.uuid4())[len(first):], one) for one in accounts]
        self.insert("INSERT INTO profiles (id) VALUES %s", [(owner,) for owner, _, _ in made])
        self.insert("INSERT INTO external_calendar_connections (id, provider_id, provider, provider_user_id, provider_email, token_expiry,"
                    " granted_scopes, sync_frequency_minutes, sync_enabled) VALUES %s",
                    [(connection, owner, "google", one["email"], one["email"], "2020-01-01", "https://www.googleapis.com/auth/calendar", 1000,
                      enabled) for owner, connection, one in made])
        self.insert("INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id) VALUES %s",
                    [(connection, kind, ring.seal(one[kind], *credential(connection, owner, kind)), ring.active)
                     for owner, connection, one in made for kind in ("access_token", "refresh_token")])
        self.sql.execute("ANALYZE external_calendar_connections, external_calendar_credentials")
        return [(owner, connection) for owner, connection, _ in made]

    def leftovers(self, count, ring):
        """Channels and grants of connections that are gone, which nobody looks at for a day."""
        rows = [(str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4())) for _ in range(count)]
        self.insert("INSERT INTO calendar_abandoned_channels (id, resource_id, connection_id, provider, provider_id, sealed, expires_at,"
                    " next_attempt_at) VALUES %s",
                    [(name, "r", connection, "google", owner, ring.seal("gone", *credential(connection, owner, "refresh_token")), "2099-01-01", "2098-01-01")
                     for name, connection, owner in rows])
        self.insert("INSERT INTO calendar_revocations (id, provider, provider_id, sealed, next_attempt_at) VALUES %s",
                    [(name, "google", owner, ring.seal("gone", *revocation(name, owner)), "2098-01-01") for name, _, owner in rows])
        return rows

    @contextlib.contextmanager
    def load(self, connections):
        """Each of [(owner, connection)] is asked for again as soon as it has been served."""
        over, ids = threading.Event(), [connection for _, connection in connections]

        def ask():
            with Session(self.stack.database_url) as session:
                while not over.wait(0.1):
                    session.execute("UPDATE external_calendar_connections SET sync_needed = true"
                                    " WHERE id = ANY (%s::uuid[]) AND NOT sync_needed AND lease_until IS NULL", ids)
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()

    def served(self, connections):
        """How often these were served, all in all."""
        return int(self.sql.value("SELECT sum(served_wake_seq) FROM external_calendar_connections WHERE id = ANY (%s::uuid[])",
                                  [connection for _, connection in connections]))

    def wait_each_served(self, connections, timeout=90):
        """Until each has been served from now on."""
        now, ids = self.sql.value("SELECT now()"), [connection for _, connection in connections]
        late = ("SELECT count(*) FROM external_calendar_connections WHERE id = ANY (%s::uuid[])"
                " AND (last_synced_at > %s) IS NOT TRUE")
        wait_until(lambda: self.sql.value(late, ids, now) == 0, timeout, lambda: f"each is served; {self.sql.value(late, ids, now)} are not")

    def assertNoFailedRun(self):
        self.assertEqual(self.sql.rows("SELECT outcome, error, count(*) FROM calendar_sync_runs WHERE outcome <> 'complete' GROUP BY 1, 2"), [])
        self.assertEqual(self.sql.rows("SELECT id, last_error FROM external_calendar_connections WHERE last_error IS NOT NULL OR error_count > 0"), [])
