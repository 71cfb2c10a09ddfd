# SPDX-License-Identifier: Apache-2.0
"""A stack full of secrets that are looked for everywhere: what they are, and every place where something could stand."""
import base64
import pathlib
import secrets
import urllib.parse
import uuid

import client
import harness
from client import Browser, query_of
from events import timed
from feed_server import FeedServer
from provider_proxy import Rule, speaks_of_tokens
from spellings import Searcher
from stack import EMULATOR, Stack

FEED = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20270101T000000Z\nDTSTART:20270301T090000Z\nSUMMARY:%s\nEND:VEVENT\nEND:VCALENDAR\n"
# What stands where it belongs: the mirror has events' contents, calendars have names, a browser gets its own link, state and cookie.
PERSONAL = ("title", "description", "location", "attendee", "organizer")
TABLES = {"external_calendar_events": PERSONAL, "external_calendars": ("name",)}
FLOW = ("state", "cookie")


def mark(kind):
    """A unique text that looks like what it stands for."""
    return f"{kind}-{secrets.token_urlsafe(18)}"


class Canaries(harness.Case):
    """`secrets` grows by every token that is issued; `answers` by every answer of ours."""
    CONFIG = {"push": {"open_channels": True}, "worker": {"request_seconds": 3}}

    @classmethod
    def setUpClass(cls):
        name = f"e2e_{uuid.uuid4().hex[:8]}"
        harness.cluster().create_database(name, harness.TEMPLATE)
        cls.stack = Stack(harness.cluster(), name, cls.CONFIG)
        cls.addClassCleanup(cls.stack.close)
        password = mark("db")
        # The cluster trusts everybody; libpq does not know and sends it nowhere.
        cls.stack.environment["DATABASE_URL"] = cls.stack.database_url.replace("calsync@", f"calsync:{password}@")
        cls.prepare()
        cls.stack.start_api()
        cls.stack.start_workers(1)
        cls.stack.emulator.control("POST", "/settings", {"rotate_refresh_tokens": True, "push_allow_http": True})
        cls.feeds = FeedServer()
        cls.addClassCleanup(cls.feeds.close)
        cls.secrets, cls.answers, cls.forms = {}, [], []
        cls.stack.emulator.proxy.rules.append(cls.listener())
        client.OBSERVERS.append(cls.observe)
        cls.addClassCleanup(client.OBSERVERS.remove, cls.observe)
        environment = cls.stack.environment
        cls.note("client secret", cls.stack.client_secret)
        cls.note("app token", cls.stack.app_token)
        cls.note("admin token", cls.stack.admin_token)
        cls.note("key ring in base64", environment["CALENDAR_TOKEN_KEYS"].split(":")[1])
        cls.note("key ring in hex", base64.b64decode(environment["CALENDAR_TOKEN_KEYS"].split(":")[1]).hex())
        cls.note("database password", password)

    @classmethod
    def prepare(cls):
        """Before any daemon starts."""

    @classmethod
    def note(cls, name, secret):
        """The secret itself. Its name begins with its kind."""
        if secret not in cls.secrets.values():
            cls.secrets[name if name not in cls.secrets else f"{name} {len(cls.secrets)}"] = secret
        return secret

    @classmethod
    def observe(cls, url, answer):
        if url.startswith(cls.stack.root):
            cls.answers.append((url, answer))

    @classmethod
    def listener(cls):
        """Reads the forms that go to the provider's token endpoint."""
        def listen(exchange):
            cls.forms.append(dict(urllib.parse.parse_qsl(exchange.body.decode())))
        return Rule(lambda call: speaks_of_tokens(call["path"]), listen)

    # -- what happens

    def filled(self):
        """(owner, address, connection) of an account whose calendar is full of what is nobody's business."""
        marks = {kind: self.note(f"{kind} of an event", mark(kind)) for kind in (*PERSONAL[:3],)}
        attendee, organizer = (self.note(f"{kind} of an event", mark(kind).replace("_", "-").lower() + "@people.example") for kind in PERSONAL[3:])
        event = timed("canary0001", marks["title"], description=marks["description"], location=marks["location"],
                      attendees=[{"email": attendee, "displayName": self.note("attendee name", mark("Ada"))}, {"email": organizer, "organizer": True}],
                      organizer={"email": organizer})
        email, owner, browser = self.account([event]), self.stack.new_owner(), Browser()
        self.emulator.rename_calendar(email, email, self.note("name of a calendar", mark("calendar")))
        link = self.stack.oauth_link(owner)
        back = self.stack.consent(link, browser, email)
        self.note("state", query_of(link)["state"])
        self.note("code", query_of(back)["code"])
        self.note_cookies(browser)
        answer = browser.get(back)
        self.assertEqual(answer.status, 200, answer.text)
        connection = answer.json()["connection_id"]
        self.stack.wait_synced(connection)
        self.learn()
        return owner, email, connection

    def note_cookies(self, browser):
        for jar in browser.cookies.values():
            for value in jar.values():
                self.note("cookie", value)

    def learn(self):
        """Whatever has been issued or sent until now."""
        for token in self.emulator.issued():
            self.note("token", token)
        for form in list(self.forms):
            if "code_verifier" in form:
                self.note("verifier", form["code_verifier"])
        for channel in self.emulator.control("GET", "/channels")["channels"]:
            self.note("channel token", channel["token"])

    def echo(self):
        """Everything there is, as a server would repeat it."""
        self.learn()
        return " ".join(self.secrets.values())

    def refresh_next(self, connection):
        self.stack.set(connection, "token_expiry = now() - interval '1 minute'")

    # -- where it is looked for

    def assertSilent(self, *more):
        """Nothing of it stands anywhere: logs, answers, tables, metrics, the database's log, processes' command lines, `more` texts."""
        self.learn()
        self.metrics()
        searcher = Searcher(self.secrets)
        for place, text, allowed in [*self.outputs(), *self.answered(), *self.tables(), *self.surroundings(), *(("more", text, ()) for text in more)]:
            self.assertEqual(searcher.hits(text, allowed), [], f"in {place}")

    def metrics(self):
        for path in ("/metrics", "/api/ops/metrics/calendar", "/api/ops/metrics/calendar?format=prometheus", "/api/admin/calendar/status"):
            self.assertEqual(self.stack.admin.call("GET", path).status, 200)

    def outputs(self):
        yield "the daemons' output", self.stack.output(), ()

    def answered(self):
        """Thousands of them, as few texts."""
        texts = {}
        for url, answer in list(self.answers):
            path = urllib.parse.urlsplit(url).path
            allowed = FLOW if path.startswith("/api/auth/") else ()
            allowed += PERSONAL if path == "/api/calendar/events" else ()
            allowed += ("name",) if path.endswith("/calendars") else ()
            # A handshake is to be said back.
            allowed += ("validation",) if path == "/api/webhooks/calendar/microsoft" and answer.status == 200 else ()
            texts.setdefault(allowed, []).append(f"{answer.status} {answer.headers} {answer.text}")
        for allowed, lines in texts.items():
            yield "answers", "\n".join(lines), allowed

    def tables(self):
        names = self.sql.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        self.assertIn("external_calendar_credentials", names)
        for name in names:
            yield f"table {name}", "\n".join(self.sql.column(f'SELECT t::text FROM "{name}" t')), TABLES.get(name, ())
        yield "pg_stat_activity", "\n".join(self.sql.column("SELECT t::text FROM pg_stat_activity t")), ()

    def surroundings(self):
        yield "the database's log", (harness.cluster().home / "server.log").read_text(errors="replace"), ()
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if ("calsync" in text or "postgres" in text) and not text.startswith(str(EMULATOR)):
                yield f"a command line ({text[:40]})", text, ()
