# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md, block by block: installing without a superuser, rotating, upgrading, restoring, and PgBouncer. What each
block has to bring about is looked at in the running system."""
import re

import harness
import operations
from compare import differences
from daemon import Daemon
from events import timed
from harness import wait_until
from operations import OperationsCase
from pooler import Pooler
from postgres import Session
from runbook import executes
from stack import Stack

setUpModule = harness.start_cluster

CREATE, USERS, MIGRATE = ("Database", "sql", 1), ("Database", "sql", 2), ("Database", "sh", 1)
MAKE_SECRETS, CHECK = ("Configure", "sh", 1), ("Configure", "sh", 2)
ALIVE, STATUS = ("First start", "sh", 1), ("First start", "sh", 2)
NEW_LOGIN, OLD_LOGIN = ("Rotate secrets", "sql", 1), ("Rotate secrets", "sql", 2)
UPGRADE = ("Upgrade", "sh", 1)
DUMP, RESTORE = ("Back up", "sh", 1), ("Restore", "sh", 1)
FORGET, TELL, START_OVER = ("Restore", "sql", 1), ("Restore", "sql", 2), ("Restore", "sql", 3)
WORKERS, SESSIONS = ("Scale out", "sql", 1), ("Managed Postgres", "sql", 1)
FRESHNESS, SIZES = ("Monitor", "sql", 1), ("Plan capacity", "sql", 1)
POOLER, POOLER_ROLES = ("PgBouncer", "ini", 1), ("PgBouncer", "sql", 1)
OWNER = "calsync_owner"
# Not here: they take root, systemd, or a build.
CONSOLE = {("Install", "console", 1), ("Install", "console", 2), ("Upgrade", "console", 1)}


def as_user(url, user, database=None):
    url = url.replace("calsync@", user + "@")
    return url if database is None else url.rsplit("/", 1)[0] + "/" + database


class Installing(OperationsCase):
    @classmethod
    def setUpClass(cls):
        """No stack yet: it is what the document is there for. The owner's database is in a Postgres that has another zone."""
        cls.blocks = operations.all_blocks()
        cls.stack = Stack(harness.cluster(), "calsync")
        cls.addClassCleanup(cls.stack.close)
        cls.admin_url = harness.cluster().url("postgres")
        cls.owner_url = as_user(cls.stack.database_url, OWNER)

    @executes(CREATE, MIGRATE, USERS, MAKE_SECRETS, CHECK, ALIVE, STATUS, WORKERS, SESSIONS, FRESHNESS, SIZES, NEW_LOGIN, OLD_LOGIN, UPGRADE)
    def test_from_an_empty_server_to_an_upgrade(self):
        self.run_sql(CREATE, self.admin_url, owner_password="one")
        self.run_sh(MIGRATE, OWNER_URL=self.owner_url, CALENDAR_TOKEN_KEYS=None)
        self.run_sql(USERS, self.owner_url, api_password="two", worker_password="three", oncall_password="four")
        self.assertFalse(self.sql.value("SELECT rolsuper FROM pg_roles WHERE rolname = %s", OWNER))
        self.sql.execute(f"ALTER ROLE {OWNER} NOCREATEROLE")
        self.configure()
        self.start("calsync_api_login")
        self.look_around()
        self.rotate()
        self.upgrade()

    def start(self, api_login):
        """Both daemons, each with the login that the document has made for it."""
        url = self.stack.cluster.url("calsync")
        self.stack.environment["DATABASE_URL"] = as_user(url, api_login)
        self.stack.start_api()
        self.stack.environment["DATABASE_URL"] = as_user(url, "calsync_worker_login")
        self.stack.start_workers(3)

    def configure(self):
        key, token = self.run_sh(MAKE_SECRETS).split()
        self.stack.environment["CALENDAR_TOKEN_KEYS"] = key
        self.stack.environment["CALENDAR_ADMIN_TOKENS"] += f",new:{token}"
        self.run_sh(CHECK)

    def look_around(self):
        self.run_sh(ALIVE)
        wait_until(lambda: self.sql.value("SELECT count(*) FROM calendar_sync_workers") == 3, 10, "three workers")
        shown = harness.json_of(self.run_sh(STATUS))
        self.assertEqual((shown["invalid_settings"], shown["workers_alive"], set(shown["flags"].values())), ([], 3, {True}))
        self.assertEqual(shown["versions"]["schema"], shown["versions"]["schema_required"])
        self.owner, self.email, self.connection = self.connected([timed("one0000001", "One")])
        person = as_user(self.stack.cluster.url("calsync"), "ada")
        workers = self.run_sql(WORKERS, person)
        self.assertEqual(len({row["id"] for row in workers}), 3)
        self.assertTrue(all(row["silent_for"] < "00:00:15" for row in workers), workers)
        sessions, = self.run_sql(SESSIONS, person)
        self.assertLess(4, int(sessions["in_use"]))
        self.assertLess(int(sessions["in_use"]), int(sessions["allowed"]))
        fresh, = self.run_sql(FRESHNESS, person)
        self.assertEqual((fresh["provider"], fresh["late"], fresh["failing"]), ("google", "0", "0"))
        sizes = {row["relname"] for row in self.run_sql(SIZES, person)}
        self.assertLessEqual({"external_calendar_events", "calendar_timeline", "calendar_metrics"}, sizes)

    def rotate(self):
        """A login, and an admin token beside the old one."""
        self.sql.execute(f"ALTER ROLE {OWNER} CREATEROLE")
        self.run_sql(NEW_LOGIN, self.owner_url, api_password="five")
        self.stack.stop_daemons()
        self.start("calsync_api_login2")
        self.run_sql(OLD_LOGIN, self.owner_url)
        # All hosts in one URL, the first of which is away.
        url = as_user(self.stack.cluster.url("calsync"), "calsync_api_login2").replace("@127.0.0.1:", "@127.0.0.1:9,127.0.0.1:")
        status, output, error = self.stack.run_api("explain", self.connection, environment={
            **self.stack.environment, "DATABASE_URL": url + "?target_session_attrs=read-write"})
        self.assertEqual(status, 0, output + error)
        token = self.stack.environment["CALENDAR_ADMIN_TOKENS"].rsplit(":", 1)[1]
        for one in (token, self.stack.admin_token):
            self.assertEqual(harness.Api(self.stack.root, one).get("/api/admin/calendar/status").status, 200)
        self.assertIsNone(self.stack.sync(self.connection)["error"])

    def upgrade(self):
        """The document's commands under running daemons; then these daemons on the schema of later ones."""
        self.run_sh(UPGRADE, OWNER_URL=self.owner_url)
        self.assertIsNone(self.stack.sync(self.connection)["error"])
        self.sql.execute("INSERT INTO calsync_schema_migrations (version, name) VALUES (9999, 'of a later version')")
        self.stack.stop_daemons()
        self.start("calsync_api_login2")
        self.emulator.put_event(self.email, self.email, timed("two0000001", "Two"))
        self.stack.sync(self.connection)
        self.assertEqual({row["title"] for row in self.stack.events(self.connection).values()}, {"One", "Two"})


class Restoring(OperationsCase):
    def assertMirrors(self, owner, email, connection):
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])

    def change_everything(self, email):
        self.emulator.put_event(email, email, timed("keep000001", "Changed since"))
        self.emulator.put_event(email, email, timed("later00001", "Added since"))
        self.emulator.delete_event(email, email, "drop000001")

    def fail_and_recover(self, email, connection):
        """The id of the last change of state that applications have seen."""
        with self.emulator.trouble("forbidden", email):
            self.stack.sync(connection)
        self.stack.retry(connection)
        return self.sql.value("SELECT max(id) FROM calendar_connection_states")

    @executes(DUMP, RESTORE, FORGET, TELL)
    def test_a_restore_to_an_older_state(self):
        events = [timed("keep000001", "Kept"), timed("drop000001", "Dropped")]
        owner, email, connection = self.connected(events)
        _, gone_email, gone = self.connected()
        backup = str(self.stack.home / "backup")
        self.run_sh(DUMP, OWNER_URL=self.stack.database_url, BACKUP=backup)

        self.change_everything(email)
        self.stack.sync(connection)
        self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{gone}").json()["revocation"], "done")
        seen = self.fail_and_recover(email, connection)
        lease = self.stack.connection(connection)["lease_token"]
        self.emulator.put_event(email, email, timed("later00002", "Nobody has read this yet"))

        self.stack.stop_daemons()
        self.sql.execute(f"DO $$ BEGIN CREATE ROLE {OWNER}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        url = as_user(self.stack.database_url, "calsync", "restored")
        self.run_sh(RESTORE, ADMIN_URL=harness.cluster().url("postgres"), RESTORED="restored", RESTORED_URL=url, BACKUP=backup)
        self.run_sql(FORGET, url, connection_ids=gone)
        self.run_sql(TELL, url)
        self.use(url)
        self.assertEqual({row["title"] for row in self.stack.events(connection).values()}, {"Kept", "Dropped"})
        calls, quiet = (len(self.emulator.calls(account=one)) for one in (email, gone_email))
        self.stack.start_api()
        self.stack.start_workers(1)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)
        asked = [call for call in self.emulator.calls(account=email)[calls:] if call["path"].endswith("/events")]
        self.assertIn("syncToken", str(asked[0]["query"]), "the restored cursor is good")
        self.assertGreater(self.stack.connection(connection)["lease_token"], lease, "no token is given out twice")
        self.assertGreater(self.fail_and_recover(email, connection), seen + 1, "no id is given out twice")
        self.assertEqual(self.sql.value("SELECT count(*) FROM external_calendar_connections WHERE id = %s", gone), 0)
        self.assertEqual(len(self.emulator.calls(account=gone_email)), quiet, "who has gone is left alone")

    def use(self, url):
        self.stack.sql.close()
        self.stack.sql = Session(url)
        self.stack.environment["DATABASE_URL"] = url

    @executes(START_OVER)
    def test_a_mirror_that_is_older_than_its_cursor(self):
        owner, email, connection = self.connected([timed("keep000001", "Kept"), timed("drop000001", "Dropped")])
        mine = f"FROM external_calendar_events WHERE connection_id = '{connection}'"
        self.sql.execute(f"CREATE TABLE kept AS SELECT * {mine}")
        self.change_everything(email)
        self.stack.sync(connection)
        self.sql.execute(f"DELETE {mine}")
        self.sql.execute("INSERT INTO external_calendar_events SELECT * FROM kept")
        self.stack.sync(connection)
        self.assertEqual({row["title"] for row in self.stack.events(connection).values()}, {"Kept", "Dropped"}, "no increment makes up for it")
        self.run_sql(START_OVER, self.stack.database_url)
        self.stack.wait_synced(connection)
        self.assertMirrors(owner, email, connection)


class Pooling(OperationsCase):
    """Workers look for work every ten seconds here: what happens sooner, a notification has brought about."""
    CONFIG = {"worker": {"poll_milliseconds": 10000}}

    @classmethod
    def setUpClass(cls):
        cls.blocks = operations.all_blocks()
        cluster, name = harness.cluster(), "pooled"
        cluster.create_database(name, harness.TEMPLATE)
        cls.stack = Stack(cluster, name, cls.CONFIG)
        cls.addClassCleanup(cls.stack.close)
        cls.logins = ("calsync_api_login", "calsync_worker_login")
        for login in cls.logins:
            cls.stack.sql.execute(f"DROP ROLE IF EXISTS {login}")
            cls.stack.sql.execute(f"CREATE ROLE {login} LOGIN SUPERUSER")
        cls.stack.sql.execute(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'")

    def setUp(self):
        self.executed = set()
        for login in self.logins:
            self.sql.execute(f"ALTER ROLE {login} RESET ALL")

    def pooler(self, change=lambda text: text):
        cluster = harness.cluster()
        settings = self.text(POOLER, database_host="127.0.0.1", database_port=str(cluster.port), database_name="pooled")
        changed = change(settings)
        pooler = Pooler(changed.replace("calsync = ", "pooled = ", 1), self.logins)
        self.addCleanup(pooler.close)
        return pooler

    def refusal(self, pooler, program, login):
        """What a daemon says that does not start."""
        environment = {**self.stack.environment, "DATABASE_URL": pooler.url(login, "pooled")}
        command = self.stack.api_command("serve") if program == "api" else self.stack.worker_command("run")
        daemon = Daemon(program, command, environment)
        self.assertEqual(daemon.wait(30), 1)
        return "\n".join(daemon.noise)

    @executes(POOLER, POOLER_ROLES)
    def test_session_pooling(self):
        pooler = self.pooler()
        for program, login in zip(("api", "worker"), self.logins):
            self.assertIn("the session has not got the settings", self.refusal(pooler, program, login))
        self.run_sql(POOLER_ROLES, self.stack.database_url)
        # The old one keeps sessions from before.
        pooler = self.pooler()
        self.stack.environment["DATABASE_URL"] = pooler.url(self.logins[0], "pooled")
        self.stack.start_api()
        self.stack.environment["DATABASE_URL"] = pooler.url(self.logins[1], "pooled")
        self.stack.start_workers(2)
        self.addCleanup(self.stack.stop_daemons)
        owner, email, connection = self.connected([timed("one0000001", "One")])
        self.assertIsNotNone(self.stack.shown(connection)["last_synced_at"])
        self.emulator.put_event(email, email, timed("two0000001", "Two"))
        outcome = self.stack.sync(connection, wait=5)
        self.assertEqual((outcome["served"], outcome["error"]), (True, None), "a notification came through")
        same = {"provider": "google", "provider_id": owner, "connection_id": connection}
        self.assertEqual(differences(self.stack.events(connection), self.emulator.truth(email), same), [])
        sessions = self.sql.value("SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled' AND usename = ANY (%s)", list(self.logins))
        self.assertGreaterEqual(sessions, 4, "through the pooler, and no other way")

    @executes(POOLER)
    def test_without_ignoring_options_no_daemon_starts(self):
        pooler = self.pooler(lambda text: text.replace("ignore_startup_parameters = options\n", ""))
        for program, login in zip(("api", "worker"), self.logins):
            self.assertIn("unsupported startup parameter: options", self.refusal(pooler, program, login))

    @executes(POOLER, POOLER_ROLES)
    def test_transaction_pooling_ends_as_documented(self):
        pooler = self.pooler(lambda text: text.replace("pool_mode = session", "pool_mode = transaction"))
        self.run_sql(POOLER_ROLES, self.stack.database_url)
        # One login: sessions are shared within it.
        self.stack.environment["DATABASE_URL"] = pooler.url(self.logins[0], "pooled")
        api = self.stack.start_api()
        self.assertRegex(self.refusal(pooler, "worker", self.logins[0]), 'prepared statement ".*" already exists')
        api.terminate()
        self.stack.api_process = None


class Coverage(harness.unittest.TestCase):
    def test_every_block_is_executed_by_a_named_test(self):
        named = set()
        for case in (Installing, Restoring, Pooling):
            for name in dir(case):
                named |= set(getattr(getattr(case, name), "blocks", ()) if name.startswith("test_") else ())
        self.assertEqual(named | CONSOLE, set(operations.all_blocks()))
        self.assertTrue(all(language == "console" for _, language, _ in CONSOLE))

    def test_links_of_the_documents_lead_somewhere(self):
        for page in (*harness.ROOT.glob("*.md"), *harness.ROOT.glob("docs/*.md")):
            for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
                path, _, anchor = link.partition("#")
                if "://" in link:
                    continue
                with self.subTest(page=page.name, link=link):
                    target = page.parent / path if path else page
                    self.assertTrue(target.exists())
                    if anchor:
                        headings = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
                        self.assertIn(anchor, [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings])
