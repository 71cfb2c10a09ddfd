# SPDX-License-Identifier: Apache-2.0
"""check-config as a doctor: healthy, and each planted fault fails exactly its line, with a fix and without a secret."""
import base64
import http.server
import secrets
import socket
import threading
import uuid

import harness
from spellings import Searcher
from stack import ROOT, Stack, free_port

setUpModule = harness.start_cluster
API_NAMES = ["flags", "database", "schema", "grants", "keys", "redirect_uri google", "provider google", "clock", "webhook", "port",
             "CALENDAR_APP_TOKENS", "CALENDAR_ADMIN_TOKENS"]
WORKER_NAMES = ["flags", "database", "schema", "grants", "keys", "provider google", "clock", "webhook", "port"]


class Yesterday(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response_only(404)
        self.send_header("Date", "Sat, 01 Jan 2022 00:00:00 GMT")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Doctor(harness.Case):
    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name, harness.TEMPLATE)
        cls.stack = Stack(harness.cluster(), name)
        cls.addClassCleanup(cls.stack.close)

    def setUp(self):
        self.addCleanup(self.stack.write_config)
        self.addCleanup(self.sql.execute, "DELETE FROM profiles")
        self.printed = []

    def tearDown(self):
        stack = self.stack
        values = {"app token": stack.app_token, "admin token": stack.admin_token, "client secret": stack.client_secret,
                  "key": stack.environment["CALENDAR_TOKEN_KEYS"].split(":")[1]}
        self.assertEqual(Searcher(values).hits("\n".join(self.printed)), [])

    def lines(self, run, environment):
        status, output, error = run("check-config", environment={**self.stack.environment, **environment})
        self.printed.append(output + error)
        lines = {}
        for line in output.splitlines():
            grade, _, rest = line.partition(" ")
            if grade in ("ok", "warn", "fail"):
                name, _, what = rest.partition(": ")
                # A provider has a line for each of its origins: the worst counts.
                if lines.get(name, ("ok",))[0] != "fail":
                    lines[name] = (grade, what)
        return status, lines, error

    def check(self, wanted_status, fails, config=None, needle="", runs=None, **environment):
        """Each daemon's check-config fails exactly these lines, each with a fix, and ends so."""
        if config:
            node = self.stack.config
            for dotted, value in config.items():
                *path, last = dotted.split(".")
                inner = node
                for step in path:
                    inner = inner.setdefault(step, {})
                before = inner.get(last)
                inner[last] = value
                self.addCleanup(inner.__setitem__ if before is not None else (lambda key, _, at=inner: at.pop(key)), last, before)
            self.stack.write_config()
        for run in runs or (self.stack.run_api, self.stack.run_worker):
            status, lines, error = self.lines(run, environment)
            with self.subTest(run=run.__name__):
                self.assertEqual(sorted(name for name, (grade, _) in lines.items() if grade == "fail"), sorted(fails), lines)
                self.assertEqual(status, wanted_status, (lines, error))
                for name in fails:
                    self.assertIn("; fix: ", lines[name][1])
                    self.assertIn(needle, lines[name][1])
        return lines

    def test_a_healthy_system(self):
        for run, names in ((self.stack.run_api, API_NAMES), (self.stack.run_worker, WORKER_NAMES)):
            status, lines, error = self.lines(run, {})
            self.assertEqual((status, error, list(lines)), (0, "", names), lines)
            self.assertEqual({name for name, (grade, _) in lines.items() if grade != "ok"}, {"redirect_uri google"} & set(names))

    def test_offline_asks_nobody(self):
        for run in (self.stack.run_api, self.stack.run_worker):
            status, output, error = run("check-config", "--offline", environment={**self.stack.environment, "DATABASE_URL": "postgresql://127.0.0.1:1/x"})
            self.assertEqual((status, error, len(output.splitlines())), (0, "", 2), output)

    def test_flags(self):
        self.check(2, ["flags"], needle="CALENDAR_SYNC_ENABLED is 'ture'", CALENDAR_ENV_FILE="", **{**self.stack.flags, "CALENDAR_SYNC_ENABLED": "ture"})

    def test_the_database_is_away(self):
        password = secrets.token_hex(12)
        self.check(1, ["database"], DATABASE_URL=f"postgresql://calsync:{password}@127.0.0.1:1/x")
        self.assertNotIn(password, "\n".join(self.printed))

    def test_the_database_takes_no_writes(self):
        self.sql.execute(f"ALTER DATABASE {self.stack.database} SET default_transaction_read_only = on")
        self.addCleanup(self.writable)
        self.check(2, ["database"], needle="takes no writes")

    def writable(self):
        self.sql.execute("SET default_transaction_read_only = off")
        self.sql.execute(f"ALTER DATABASE {self.stack.database} RESET default_transaction_read_only")

    def test_the_schema_is_missing(self):
        name = f"empty_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name)
        self.check(2, ["schema"], needle="version 0", DATABASE_URL=harness.cluster().url(name))

    def test_every_grant_is_needed_and_is_given_by_the_roles(self):
        import subprocess
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", ROOT / "sql" / "roles.sql", self.stack.database_url], check=True)
        for role, run in (("api", self.stack.run_api), ("worker", self.stack.run_worker)):
            self.sql.execute(f"CREATE USER doctor_{role} IN ROLE calsync_{role}")
            url = self.stack.database_url.replace("calsync@", f"doctor_{role}@")
            self.check(0, [], runs=[run], DATABASE_URL=url)
            for table, privilege in (("external_calendar_connections", "UPDATE"), ("calendar_metrics", "INSERT"),
                                     ("external_calendar_credentials", "SELECT")):
                self.sql.execute(f"REVOKE {privilege} ON {table} FROM calsync_{role}")
                self.check(2, ["grants"], needle=f"{privilege} on {table}", runs=[run], DATABASE_URL=url)
                self.sql.execute(f"GRANT {privilege} ON {table} TO calsync_{role}")
            self.check(0, [], runs=[run], DATABASE_URL=url)

    def sealed(self, key, text):
        owner = self.stack.new_owner()
        self.sql.execute("WITH c AS (INSERT INTO external_calendar_connections (provider_id, provider) VALUES (%s, 'google') RETURNING id)"
                         " INSERT INTO external_calendar_credentials (connection_id, kind, sealed, key_id) SELECT id, 'refresh_token', %s, %s FROM c",
                         owner, text, key)

    def test_a_key_that_is_gone(self):
        self.sealed("old", "v1.old.AAAA.AAAA")
        self.check(2, ["keys"], needle="'old'")

    def test_a_key_that_is_another_one(self):
        text = base64.urlsafe_b64encode(secrets.token_bytes(12)).decode().rstrip("=")
        self.sealed("k1", f"v1.k1.{text}.{base64.urlsafe_b64encode(secrets.token_bytes(40)).decode().rstrip('=')}")
        self.check(2, ["keys"], needle="does not open")

    def test_the_redirect_uri(self):
        lines = self.check(2, ["redirect_uri google"], runs=[self.stack.run_api], GOOGLE_REDIRECT_URI="https://other.example/api/auth/google/callback")
        self.assertIn(self.stack.redirect_uri, lines["redirect_uri google"][1])

    def test_a_provider_is_away(self):
        self.check(1, ["provider google"], {"providers.google.endpoints.api": f"http://127.0.0.1:{free_port()}/calendar/v3"})

    def test_the_clock(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Yesterday)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        root = f"http://127.0.0.1:{server.server_port}"
        self.check(2, ["clock"], {f"providers.google.endpoints.{name}": root + "/" + name for name in ("authorize", "token", "api")},
                   needle="ahead of the provider's")

    def test_the_webhook_address(self):
        for address, needle in (("http://hooks.example", "plain http"), ("https://127.0.0.1", "loopback"), ("https://localhost:8443", "own name")):
            lines = self.check(0, [], {"push.open_channels": True, "push.public_url": address})
            self.assertEqual(lines["webhook"][0], "warn")
            self.assertIn(needle, lines["webhook"][1])
        lines = self.check(0, [], {"push.open_channels": True, "push.public_url": "https://hooks.example"})
        self.assertEqual(lines["webhook"][0], "ok")

    def test_the_port(self):
        with socket.create_server(("127.0.0.1", self.stack.api_port)):
            self.check(2, ["port"], needle="server.port", runs=[self.stack.run_api])
        self.stack.start_api()
        self.addCleanup(self.stack.stop_daemons)
        lines = self.check(0, [], runs=[self.stack.run_api])
        self.assertIn("already listens", lines["port"][1])

    def test_tokens(self):
        self.check(2, ["CALENDAR_APP_TOKENS"], runs=[self.stack.run_api], CALENDAR_APP_TOKENS="host:short")

    def test_the_ca_file(self):
        self.check(2, ["ca_file"], {"ca_file": "/nonexistent.pem"})
