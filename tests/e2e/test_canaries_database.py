# SPDX-License-Identifier: Apache-2.0
"""Secrets while the database refuses, breaks off or complains: neither our logs and answers nor its log repeat them."""
import json
import signal
import urllib.parse

import harness
from canaries import Canaries, mark
from client import Browser
from harness import wait_until
from postgres import Session
from pushes import PATH, genuine, new_channel

setUpModule = harness.start_cluster


class DatabaseTrouble(Canaries):
    def test_the_database_goes_away_in_the_middle_of_everything(self):
        owner, email, connection = self.filled()
        channel = new_channel(self.sql, connection)
        self.note("channel token", channel[1])
        browser, other = Browser(), self.account()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, other)
        self.note_cookies(browser)
        self.refresh_next(connection)
        with self.emulator.hold("token") as held:
            self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
            held.wait()
            harness.cluster().stop()
        try:
            quoted = urllib.parse.quote(self.echo()[:1500], safe="")
            browser.get(back)
            for path in ("/api/calendar/connections", "/api/auth/google", "/api/calendar/events"):
                self.stack.app.call("GET", f"{path}?provider_id={owner}&return_to={quoted}")
            for secret in list(self.secrets.values())[:20]:
                quoted = urllib.parse.quote(secret, safe="")
                self.stack.app.call("GET", f"/api/calendar/connections/{quoted}")
                self.stack.app.call("GET", f"/api/auth/google/start?state={quoted}")
                self.stack.app.call("GET", f"/api/auth/google/callback?state={quoted}&code={quoted}")
                self.stack.app.post("/api/calendar/connections", {"provider_id": owner, "provider": "ics", "url": f"http://127.0.0.1:9/{quoted}"})
            self.stack.stranger.call("POST", PATH, b"", genuine(channel))
            self.stack.stranger.call("POST", PATH + "/" + quoted, b"", genuine(channel))
        finally:
            harness.cluster().start()
            self.sql.close()
        self.stack.workers[0].wait_message("the database is reachable again", timeout=30)
        wait_until(lambda: self.stack.app.get("/readyz").status == 200, 30, "the API server serves again")
        self.assertSilent()

    def test_sessions_that_are_killed(self):
        for _ in range(3):
            owner, _, connection = self.filled()
            self.refresh_next(connection)
            with self.emulator.hold("events") as held:
                self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
                held.wait()
                self.sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'calsync'")
            self.stack.app.get("/api/calendar/connections", provider_id=owner)
        self.assertSilent()

    def test_rows_that_the_database_refuses(self):
        """By a constraint of somebody else's. (Of one on events Postgres would log the row: what it logs is the operator's choice.)"""
        _, _, connection = self.filled()
        self.sql.execute("ALTER TABLE external_calendar_credentials ADD CONSTRAINT never CHECK (sealed = '') NOT VALID")
        self.addCleanup(self.sql.execute, "ALTER TABLE external_calendar_credentials DROP CONSTRAINT IF EXISTS never")
        self.refresh_next(connection)
        self.stack.retry(connection)
        browser, owner = Browser(), self.stack.new_owner()
        back = self.stack.consent(self.stack.oauth_link(owner), browser, self.account())
        self.note_cookies(browser)
        self.assertEqual(browser.get(back).status, 500)
        self.assertSilent()

    def test_events_that_are_hard_to_store(self):
        _, email, connection = self.filled()
        good = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}
        texts = [json.dumps({"id": f"hard{number:06}", **good, **odd}).replace("NUL", "\\u0000").replace("LONE", "\\ud800") for number, odd in enumerate((
            {"summary": self.note("title with NUL", mark("title")) + "NUL"}, {"summary": self.note("title alone", mark("title")) + "LONE"},
            {"start": {"dateTime": "9999999-03-01T09:00:00Z"}, "summary": self.note("title late", mark("title"))},
            {"start": {"dateTime": "0000-00-00T09:00:00Z"}, "summary": self.note("title early", mark("title"))},
            {"sequence": 10 ** 30, "summary": self.note("title big", mark("title"))}, {"etag": "NUL", "description": self.note("description NUL", mark("description"))},
            {"recurrence": ["RRULE:FREQ=" + self.note("title in a rule", mark("title"))]}, {"iCalUID": "NUL" + self.note("title in a uid", mark("title"))},
            {"attendees": [{"email": self.note("attendee NUL", mark("attendee")) + "NUL"}]}, {"status": self.note("title as status", mark("title"))},
            {"start": {"dateTime": "2027-03-01T09:00:00", "timeZone": self.note("title as zone", mark("title"))}}))]
        for number, text in enumerate(texts):
            self.emulator.put_event(email, email, {"id": f"hard{number:06}", **good})
            self.emulator.put_raw_event(email, f"hard{number:06}", text)
        self.stack.set(connection, "sync_cursor = NULL")
        self.stack.retry(connection)
        self.assertSilent()

    def test_a_wrong_password(self):
        """The server asks for one, and it is not this."""
        cluster = harness.cluster()
        with Session(cluster.url("postgres")) as session:
            session.execute("CREATE ROLE locked LOGIN PASSWORD 'another'")
        rules = cluster.home / "data" / "pg_hba.conf"
        before = rules.read_text()
        rules.write_text("host all locked all scram-sha-256\n" + before)
        self.addCleanup(rules.write_text, before)
        with Session(cluster.url("postgres")) as session:
            session.execute("SELECT pg_reload_conf()")
        url = self.stack.database_url.replace("calsync@", f"locked:{self.note('database password', mark('db'))}@")
        printed = []
        for run, command in ((self.stack.run_api, "rotate-keys"), (self.stack.run_api, "migrate"), (self.stack.run_worker, "run"), (self.stack.run_worker, "once")):
            status, output, error = run(command, environment={**self.stack.environment, "DATABASE_URL": url})
            self.assertEqual(status, 1, output + error)
            self.assertIn("password authentication failed", error)
            printed.append(output + error)
        self.assertSilent(*printed)

    def test_a_crash_in_the_middle_of_a_run(self):
        _, _, connection = self.filled()
        with self.emulator.hold("events") as held:
            self.stack.app.post("/api/calendar/sync", {"connection_id": connection})
            held.wait()
            worker = self.stack.workers.pop()
            worker.send(signal.SIGABRT)
            worker.wait()
        self.stack.start_workers(1)
        self.assertSilent()
