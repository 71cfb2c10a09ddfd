# SPDX-License-Identifier: Apache-2.0
"""Every block of docs/embedding.md, executed as it stands and in its order, by an application that has nothing else."""
import ast
import json
import os
import re
import subprocess

import documents
import harness
from client import Browser, query_of, send
from events import all_day, timed, weekly
from feed_server import FeedServer
from microsoft import MicrosoftCase, day, meeting

setUpModule = harness.start_cluster

FEED = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//
BEGIN:VEVENT
UID:from-a-feed
DTSTAMP:20270101T000000Z
DTSTART:20270305T120000Z
DTEND:20270305T130000Z
SUMMARY:From a feed
END:VEVENT
END:VCALENDAR
"""
RANGE = ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")
GOOGLE = "Connect a Google or Microsoft account"
STATES = ("active", "delayed", "throttled", "provider_down", "needs_reauth", "suspended", "disabled")


class Embedding(MicrosoftCase):
    CONFIG = {"oauth": {"require_confirmation": True}, "push": {"open_channels": False}}

    def setUp(self):
        self.feeds = FeedServer()
        self.addCleanup(self.feeds.close)
        self.feeds.publish("/feed.ics", FEED)
        environment = {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                       "CALSYNC_API_URL": self.stack.root, "CALSYNC_APP_TOKEN": self.stack.app_token,
                       "CALSYNC_DATABASE_URL": self.stack.database_url, "FEED_URL": self.feeds.url("/feed.ics")}
        self.environment = environment
        self.shell, self.python = documents.shell(environment), documents.Python(environment)
        self.addCleanup(self.shell.close)
        self.addCleanup(self.python.close)

    def test_every_block_in_order(self):
        blocks = documents.blocks("embedding.md")
        execute = {"sh": self.shell.run, "python": self.python.run_block, "js": self.run_js}
        after = {("A client", "python", 1): self.after_the_client, ("Owners", "sh", 1): self.after_owners, (GOOGLE, "sh", 1): self.after_the_link,
                 (GOOGLE, "python", 1): self.after_connect_link, (GOOGLE, "python", 2): self.after_errors, ("Confirm", "sh", 1): self.after_confirming,
                 ("Confirm", "python", 1): self.after_came_back, ("Connect a feed", "sh", 1): self.after_the_feed,
                 ("Show the state", "sh", 1): self.after_states, ("Show the state", "python", 1): self.after_messages,
                 ("Sync now", "sh", 1): self.after_sync, ("Sync now", "python", 1): self.after_refresh,
                 ("Read events", "python", 1): self.after_events, ("Read events", "js", 1): self.after_events_in_js,
                 ("Read events", "sh", 1): self.after_rows, ("Notice what breaks, and what recovers", "sh", 1): self.after_changes,
                 ("Disconnect", "sh", 1): self.after_disconnect, ("Disconnect", "python", 1): self.after_disconnecting_again}
        checks = dict(after)
        for block in blocks:
            self.block = block
            if block.heading.startswith("Notice"):
                self.before_changes()
            output = execute[block.language](block.text)
            if block.key in checks:
                checks.pop(block.key)(output)
        self.assertEqual(checks, {}, "blocks that the document has no more")
        self.assertEqual({block.key for block in blocks} - set(after), {("A client", "sh", 1)}, "blocks whose effect nobody looks at")
        defined = {node.name for block in blocks if block.language == "python" for node in ast.walk(ast.parse(block.text))
                   if isinstance(node, ast.FunctionDef)}
        self.assertEqual(defined - set(self.python.value("sorted(called)")), set(), "functions of the document that nobody called")

    def run_js(self, text):
        call = f"for await (const event of events('{self.owner}', '{RANGE[0]}', '{RANGE[1]}')) console.log(event.title);"
        return subprocess.run(["node", "--input-type=module", "-e", text + call], env=self.environment, check=True, capture_output=True, text=True).stdout

    # -- what each block has to have done

    def after_the_client(self, _):
        self.python.run("pauses = []; time.sleep = pauses.append")
        self.python.run("""
def refusal(*arguments, **more):
    try:
        return calsync(*arguments, **more)
    except Refused as error:
        return [error.status, error.code, str(error)]
""")
        self.assertEqual(self.python.value("refusal('GET', '/api/calendar/connections')"), [400, "invalid_request", "provider_id is required"])
        self.assertEqual(self.python.value("pauses"), [], "a mistake is not repeated")
        harness.cluster().stop()
        try:
            answer = self.python.value(f"refusal('GET', '/api/calendar/connections', query={{'provider_id': '{'0' * 8}-0000-4000-8000-{'0' * 12}'}})")
        finally:
            harness.cluster().start()
            self.sql.close()
        self.assertEqual(answer[:2], [503, "database_error"])
        pauses = self.python.value("pauses")
        self.assertEqual(len(pauses), 3)
        self.assertTrue(all(5 <= pause <= 16 for pause in pauses), pauses)

    def after_owners(self, _):
        self.owner = self.shell.run("echo $OWNER").strip()
        self.assertEqual(self.sql.value("SELECT email FROM profiles WHERE id = %s", self.owner), "ada@example.com")
        self.email = self.account([timed(f"event{number:05}", f"Event {number}") for number in range(3)] +
                                  [all_day("allday0001", "A day"), weekly("weekly0001", "Weekly")])

    def browse(self, link, email):
        """A person who agrees; the query that return_to gets."""
        browser = Browser()
        done = browser.get(self.stack.consent(link, browser, email))
        self.assertTrue(done.header("Location").startswith("https://app.example/done?"), done.text)
        return query_of(done.header("Location"))

    def after_the_link(self, output):
        self.connection = self.browse(output.strip(), self.email)["connection_id"]
        self.shell.run(f"CONNECTION={self.connection}")

    def after_connect_link(self, _):
        link = self.python.value(f"connect_link('{self.owner}', 'microsoft')")
        self.outlook = self.browse(link, self.mailbox([meeting("At Microsoft", day(3))]))["connection_id"]

    def after_errors(self, _):
        told = {code: self.python.value(f"what_went_wrong('{code}')") for code in ("access_denied", "insufficient_scope", "timeout")}
        self.assertEqual(len(set(told.values())), 3)
        # Its codes are those of the callback.
        callback = self.stack.app.get("/api/auth/google/callback", state="guess")
        self.assertEqual(callback.code, "invalid_state")
        link = self.python.value(f"connect_link('{self.owner}', 'google')")
        browser = Browser()
        done = browser.get(self.stack.consent(link, browser, self.email, deny=True))
        self.assertEqual(query_of(done.header("Location")), {"error": "access_denied"})

    def after_confirming(self, output):
        self.assertNotEqual(output.strip(), "disabled")
        self.stack.wait_synced(self.connection)

    def after_came_back(self, _):
        self.assertFalse(self.python.value(f"came_back('{self.stack.new_owner()}', '{self.outlook}')"))
        self.assertTrue(self.stack.connection(self.outlook)["awaiting_confirmation"])
        for _ in range(2):
            self.assertTrue(self.python.value(f"came_back('{self.owner}', '{self.outlook}')"))
        self.stack.wait_synced(self.outlook)

    def after_the_feed(self, _):
        feed = self.shell.run("echo $FEED").strip()
        self.stack.wait_synced(feed)
        self.shell.run(self.block.text)
        self.assertEqual(self.shell.run("echo $FEED").strip(), feed, "the same feed is the same connection")

    def after_states(self, output):
        rows = [line.split("\t") for line in output.splitlines()]
        self.assertEqual(sorted((row[1], row[3]) for row in rows), [("google", "active"), ("ics", "active"), ("microsoft", "active")])

    def after_messages(self, _):
        shown = self.stack.shown(self.connection)
        self.assertIsNone(self.python.value(f"message(json.loads({json.dumps(json.dumps(shown))}))"))
        section = documents.text_of("embedding.md").split("## Show the state")[1].split("\n## ")[0]
        told = {}
        for state in (*STATES, "something_new"):
            for since in ("2027-01-01T00:00:00Z", "2027-01-01T11:30:00Z", None):
                one = json.dumps({**shown, "state": state, "state_since": since})
                now = "datetime.datetime.fromisoformat('2027-01-01T12:00:00+00:00')"
                told[state, since] = self.python.value(f"message(json.loads({json.dumps(one)}), {now})")
        speaking = {state for (state, since), text in told.items() if text and since == "2027-01-01T00:00:00Z"}
        self.assertEqual(speaking, set(STATES) - {"active"})
        self.assertEqual({state for (state, since), text in told.items() if text and since != "2027-01-01T00:00:00Z"},
                         {"needs_reauth", "suspended", "disabled"}, "what may mend itself is not worth a message in its first hour")
        self.assertEqual({state for state in STATES if f"`{state}`" in section}, set(STATES))

    def after_sync(self, output):
        self.assertEqual(output.strip(), "completed")

    def after_refresh(self, _):
        self.emulator.put_event(self.email, self.email, timed("new0000001", "New"))
        self.assertTrue(self.python.value(f"refresh('{self.owner}')"))
        self.assertIn("New", {row["title"] for row in self.stack.events(self.connection).values()})

    def titles(self):
        return sorted(row["title"] for row in self.sql.rows("SELECT title FROM external_calendar_events WHERE provider_id = %s", self.owner))

    def after_events(self, _):
        # A page for each event, through the same loop.
        self.python.run("whole = calsync\ndef calsync(method, path, query=None): return whole(method, path, query={**query, 'limit': 1})")
        found = self.python.value(f"[one['title'] for one in events('{self.owner}', '{RANGE[0]}', '{RANGE[1]}')]")
        self.python.run("calsync = whole")
        # The account at Microsoft has its event in three days, whatever the year.
        self.assertEqual(sorted({*found, "At Microsoft"}), self.titles())

    def after_events_in_js(self, output):
        self.assertEqual(sorted({*output.splitlines(), "At Microsoft"}), self.titles())

    def after_rows(self, output):
        self.assertEqual(len(output.splitlines()), 1 + len(self.titles()))
        self.assertRegex(output, r"(?m)^allday0001,A day,.*,t,t$")

    def before_changes(self):
        with self.emulator.trouble("forbidden", self.email):
            self.stack.sync(self.connection)
        self.stack.retry(self.connection)
        self.assertEqual(self.shell.run(self.block.text), "", "not before two minutes are over")
        self.sql.execute("UPDATE calendar_connection_states SET changed_at = changed_at - interval '3 minutes'")

    def after_changes(self, output):
        rows = [line.split() for line in output.splitlines()]
        self.assertEqual([row[1:] for row in rows], [[self.connection, "active", "delayed"], [self.connection, "delayed", "active"]])
        self.shell.run(f"SEEN={rows[-1][0]}")
        self.assertEqual(self.shell.run(self.block.text), "")

    def after_disconnect(self, output):
        self.assertEqual(output.strip(), "done")
        self.assertFalse(self.emulator.has_grant(self.email))

    def after_disconnecting_again(self, _):
        for connection in (self.outlook, self.connection, self.connection):
            self.python.run(f"disconnect('{connection}')")
        left = send("GET", self.stack.root + f"/api/calendar/connections?provider_id={self.owner}",
                    headers={"Authorization": f"Bearer {self.stack.app_token}"}).json()
        self.assertEqual([one["provider"] for one in left["connections"]], ["ics"])

    def test_the_codes_of_the_table_exist(self):
        text = documents.text_of("embedding.md")
        known = (harness.ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
        table = text.split("## Errors")[1].split("\n## ")[0]
        for code in re.findall(r"`([a-z_]+)`", table):
            with self.subTest(code=code):
                self.assertRegex(known, rf"\b{code}\b")
