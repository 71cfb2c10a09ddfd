# SPDX-License-Identifier: Apache-2.0
"""No token, code, password or title ever stands in a log line, an answer or, in the clear, in a table."""
import base64

import harness
from client import Browser, query_of
from events import timed

setUpModule = harness.start_cluster
TITLE = "A title that nobody may log"


class Secrets(harness.Case):
    def everything_that_happens(self):
        """Connects, syncs, refreshes, fails in many ways, is revoked, reconnects, and goes: (owner, secrets of our own)."""
        secrets = {self.stack.app_token, self.stack.admin_token, self.stack.client_secret,
                   self.stack.environment["CALENDAR_TOKEN_KEYS"].split(":")[1]}
        owner, email, browser = self.stack.new_owner(), self.account([timed("one0000001", TITLE,
                                                                            description="Described in private")]), Browser()
        link = self.stack.oauth_link(owner)
        back = self.stack.consent(link, browser, email)
        secrets |= {query_of(link)["state"], query_of(back)["code"]} | {value for cookies in browser.cookies.values()
                                                                        for value in cookies.values()}
        connection = browser.get(back).json()["connection_id"]
        self.stack.wait_synced(connection)
        browser.get(back)
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        self.stack.sync(connection)
        for kind in ("server_error", "forbidden", "malformed_json", "drop_before", "html", "too_many_requests"):
            with self.emulator.trouble(kind, email):
                self.stack.retry(connection)
        # Servers echo what they were sent.
        echo = {"error": "invalid_grant", "error_description": "Bad token " + " ".join(self.emulator.issued())}
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")
        with self.emulator.answered("token", status=400, body=echo):
            self.stack.retry(connection)
        with self.emulator.answered("api", email, status=400, body={"error": {"code": 400, "message": " ".join(self.emulator.issued())}}):
            self.stack.retry(connection)
        self.stack.connect_google(owner, email)
        self.stack.wait_synced(connection)
        return owner, connection, secrets

    def test_no_secret_leaves_the_daemons(self):
        owner, connection, secrets = self.everything_that_happens()
        secrets |= set(self.emulator.issued())
        self.assertGreaterEqual(len(secrets), 10)
        spellings = secrets | {base64.b64encode(secret.encode()).decode().rstrip("=") for secret in secrets}
        answers = "".join(self.stack.app.get(path, provider_id=owner).text for path in ("/api/calendar/connections",))
        answers += str(self.stack.shown(connection)) + self.stack.admin.get("/api/admin/calendar/status").text
        spellings |= {TITLE, "Described in private"}
        self.assertEqual([line for line in self.stack.output().splitlines() if any(secret in line for secret in spellings)], [],
                         "log lines")
        self.assertEqual([secret for secret in spellings if secret in answers], [], "in answers")
        self.assertTablesLack(spellings - {TITLE, "Described in private"})

    def assertTablesLack(self, secrets):
        """Every row of every table, as text."""
        tables = self.sql.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        self.assertIn("external_calendar_credentials", tables)
        for table in tables:
            rows = "\n".join(self.sql.column(f'SELECT t::text FROM "{table}" t'))
            self.assertEqual([secret for secret in secrets if secret in rows], [], f"in table {table}")

    def test_log_lines_have_the_promised_form(self):
        self.everything_that_happens()
        levels = {"debug", "info", "warn", "error"}
        for daemon in (self.stack.api_process, *self.stack.workers):
            self.assertEqual(daemon.noise, [])
            self.assertTrue(daemon.logs)
            for line in daemon.logs:
                self.assertRegex(line["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
                self.assertEqual((line["category"], line["level"] in levels), ("calendar_sync", True))
                self.assertTrue(line["message"])
                self.assertIsInstance(line.get("metadata", {}), dict)
                self.assertIsInstance(line.get("duration_ms", 0), int)

    def test_tokens_at_rest_are_bound_to_their_row(self):
        """A sealed token that is copied to another connection opens nothing."""
        _, _, one = self.connected()
        _, email, two = self.connected([timed("one0000001", "One")])
        stolen = self.sql.value("SELECT sealed FROM external_calendar_credentials WHERE connection_id = %s AND kind = 'access_token'", one)
        before = len(self.emulator.calls())
        self.sql.execute("UPDATE external_calendar_credentials SET sealed = %s WHERE connection_id = %s AND kind = 'access_token'",
                         stolen, two)
        outcome = self.stack.sync(two)
        self.assertTrue(outcome["error"], outcome)
        self.assertEqual(len(self.emulator.calls()), before)

    def test_keys_rotate_while_the_system_runs(self):
        _, email, connection = self.connected([timed("one0000001", "One")])
        ring = self.stack.environment["CALENDAR_TOKEN_KEYS"]
        self.stack.environment["CALENDAR_TOKEN_KEYS"] = "k2:" + base64.b64encode(bytes(range(32))).decode() + "," + ring
        self.stack.restart()
        self.assertIsNone(self.stack.sync(connection)["error"])
        status, output, error = self.stack.run_api("rotate-keys")
        self.assertEqual(status, 0, output + error)
        self.assertEqual(self.sql.column("SELECT DISTINCT key_id FROM external_calendar_credentials"), ["k2"])
        self.stack.environment["CALENDAR_TOKEN_KEYS"] = self.stack.environment["CALENDAR_TOKEN_KEYS"].split(",")[0]
        self.stack.restart()
        self.assertIsNone(self.stack.sync(connection)["error"])
