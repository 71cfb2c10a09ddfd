# SPDX-License-Identifier: Apache-2.0
"""Secrets that providers repeat in whatever they answer: none of them stands anywhere afterwards. See canaries.py."""
import base64
import contextlib
import json
import secrets
import unittest
import urllib.parse

import psycopg2

import harness
from canaries import FEED, Canaries, mark
from client import Browser
from spellings import Searcher

setUpModule = harness.start_cluster
HTML = "<html><head><title>%s</title></head><body>%s</body></html>"


class TheSearcher(unittest.TestCase):
    """Finds what is planted in each form; a search that finds nothing is worth nothing otherwise."""

    def test_each_form_is_found(self):
        for secret in ("GOCSPX-" + secrets.token_urlsafe(20), "pa ss/w+rd?&ü=%41" + secrets.token_hex(6), secrets.token_hex(16)):
            raw, quoted = secret.encode(), urllib.parse.quote(secret, safe="")
            planted = {"plain": secret, "part": secret[3:-2], "upper percent": quoted, "form": urllib.parse.quote_plus(secret),
                       "lower percent": "".join(char.lower() if quoted[max(0, at - 2):at].find("%") >= 0 else char for at, char in enumerate(quoted)),
                       "every byte": "".join(f"%{byte:02x}" for byte in raw), "json": json.dumps(secret), "hex": raw.hex(), "HEX": raw.hex().upper(),
                       "reversed": secret[::-1], "reversed percent": urllib.parse.quote(secret[::-1], safe=""), "lower case": secret.lower(),
                       "decoded": urllib.parse.unquote(secret), "unicode escapes": "".join(f"\\u{ord(char):04x}" for char in secret)}
            for before in ("", "a", "ab", "abc"):
                for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
                    planted[f"{name} after {before!r}"] = encode(before.encode() + raw + b" and more").decode()
                    planted[f"{name} of {before!r} alone"] = encode(before.encode() + raw).decode()
            searcher = Searcher({"client secret": secret, "other": secrets.token_hex(16)})
            for form, text in planted.items():
                with self.subTest(form, secret=secret):
                    found = searcher.hits(f"{{\"message\":\"before {text} after\"}}")
                    self.assertEqual([hit.split(" (")[0] for hit in found], ["client secret"])
                    self.assertEqual(searcher.hits(text, allowed=("client",)), [])
            self.assertEqual(searcher.hits("nothing of it " + secrets.token_hex(500)), [])


class ThePlaces(Canaries):
    """Each of them is really looked at."""

    def assertNoticed(self, place):
        with self.assertRaises(AssertionError) as noticed:
            self.assertSilent()
        self.assertIn(f"in {place}", str(noticed.exception))

    def test_what_is_planted_is_found(self):
        _, _, connection = self.filled()
        self.assertSilent()
        self.learn()
        token = next(secret for name, secret in self.secrets.items() if name.startswith("token"))
        title = next(secret for name, secret in self.secrets.items() if name.startswith("title"))
        for table, column, text in (("external_calendar_connections", "last_error", f"timeout: {token[:-3]}"), ("external_calendar_events", "last_error", token),
                                    ("external_calendars", "name", base64.b64encode(title.encode()).decode())):
            row = "id" if table == "external_calendar_connections" else "connection_id"
            before = self.sql.column(f"SELECT {column} FROM {table} WHERE {row} = %s", connection)[0]
            self.sql.execute(f"UPDATE {table} SET {column} = %s WHERE {row} = %s", text, connection)
            self.assertNoticed(f"table {table}")
            self.sql.execute(f"UPDATE {table} SET {column} = %s WHERE {row} = %s", before, connection)
        # What was written by hand, and by whom, stays on record.
        self.assertNoticed("table calendar_operator_actions")
        self.sql.execute("DELETE FROM calendar_operator_actions")
        self.stack.api_process.raw.append(json.dumps({"message": urllib.parse.quote(title)}))
        self.assertNoticed("the daemons' output")
        self.stack.api_process.raw.pop()
        self.stack.stranger.get("/healthz")
        self.answers[-1][1].headers.append(("X-Token", token[::-1]))
        self.assertNoticed("answers")
        next(answer for url, answer in self.answers if url.endswith("/healthz")).headers.pop()
        with self.assertRaises(psycopg2.Error):
            self.sql.execute(f"SELECT '{token}'::uuid")
        self.assertNoticed("the database's log")


class Echoes(Canaries):
    def answers_of_a_chatterbox(self, said):
        """(status, headers, body) of error answers that repeat everything."""
        google = {"error": {"code": 400, "message": said, "status": said, "errors": [{"message": said, "reason": said, "location": said, "domain": said}],
                            "details": [{"reason": said}]}}
        short = {"error": {"code": 403, "message": "Bad " + said, "errors": [{"reason": next(iter(self.secrets.values()))}]}}
        oauth = {"error": "invalid_grant", "error_description": said, "error_uri": "https://x.example/?" + urllib.parse.urlencode({"t": said})}
        line = said.replace("\n", " ")
        for status in (400, 401, 403, 404, 409, 410, 412, 429, 500, 503):
            yield status, {"WWW-Authenticate": f'Bearer realm="x", error_description="{line}"', "Retry-After": "1"}, json.dumps(google)
        yield 403, {}, json.dumps(short)
        yield 400, {}, json.dumps(oauth)
        yield 401, {}, json.dumps({"error": "invalid_client", "error_description": said})
        yield 400, {}, json.dumps({"error": said})
        yield 502, {"Content-Type": "text/html"}, HTML % (said, said)
        yield 429, {"Retry-After": line}, json.dumps(google)
        yield 302, {"Location": "http://127.0.0.1:9/?" + urllib.parse.urlencode({"token": said})}, said
        yield 301, {"Location": line}, said
        yield 200, {}, '{"items": [' + json.dumps(said) + ", oh"
        yield 200, {}, said
        yield 200, {"Content-Type": line[:200]}, json.dumps({"access_token": said, "refresh_token": said, "nextPageToken": said, "items": [said]})
        yield 200, {}, json.dumps({"access_token": 1, "token_type": said, "scope": said})
        yield 200, {"Content-Encoding": "gzip"}, said
        yield 200, {"X-Bad\x01Header": line}, said

    def test_whatever_the_provider_repeats(self):
        _, email, connection = self.filled()
        tried = 0
        for target in ("token", "calendar_list", "events"):
            for status, headers, body in list(self.answers_of_a_chatterbox(self.echo())):
                with self.subTest(target=target, status=status, body=body[:40]), self.emulator.answered(target, status=status, headers=headers, body=body):
                    self.stack.set(connection, "grant_refusals = 0, sync_enabled = true")
                    if target == "token":
                        self.refresh_next(connection)
                    self.stack.retry(connection)
                    tried += 1
        self.assertGreater(tried, 60)
        # One of them has given us tokens that are worth nothing.
        self.stack.connect_google(str(self.stack.connection(connection)["provider_id"]), email)
        self.assertIsNone(self.stack.retry(connection)["error"])
        self.assertSilent()
        self.assertGreaterEqual(len(self.secrets), 25)

    def test_a_connect_that_goes_wrong_in_every_way(self):
        self.filled()
        for status, headers, body in list(self.answers_of_a_chatterbox(self.echo())):
            for target in ("token", "userinfo"):
                email, owner, browser = self.account(), self.stack.new_owner(), Browser()
                return_to = "https://app.example/done" if status % 2 else None
                with contextlib.ExitStack() as stack:
                    back = self.stack.consent(self.stack.oauth_link(owner, return_to), browser, email)
                    self.note_cookies(browser)
                    if target == "userinfo":
                        stack.enter_context(self.emulator.bend(email, lambda answer, _: answer.update(id_token="a.b." + self.echo()[:400]), target="token"))
                    stack.enter_context(self.emulator.answered(target, status=status, headers=headers, body=body))
                    browser.get(back)
                    browser.get(back + "&" + urllib.parse.urlencode({"error": self.echo()[:2000], "error_description": self.echo()[:2000]}))
        self.assertSilent()

    def test_calls_that_break_off(self):
        _, email, connection = self.filled()
        for kind in ("drop_before", "drop_mid_body", "truncated", "malformed_json", "wrong_content_type", "empty_body", "html", "bad_gateway_html",
                     "invalid_grant", "invalid_client"):
            for operation in ("token", "events.list", "calendarList.list"):
                with self.subTest(kind, operation=operation), self.emulator.trouble(kind, operation=operation, message=self.echo()[:3000]):
                    self.stack.set(connection, "grant_refusals = 0, sync_enabled = true")
                    self.refresh_next(connection)
                    self.stack.retry(connection)
        # Without anybody there at all, and with something that is no event.
        self.emulator.put_raw_event(email, "canary0001", json.dumps({"id": "canary0001", "summary": self.note("title again", mark("title")),
                                                                    "start": {"dateTime": self.note("title in a date", mark("title"))}, "end": 7}))
        self.stack.set(connection, "grant_refusals = 0, sync_enabled = true, sync_cursor = NULL")
        self.stack.retry(connection)
        self.assertSilent()

    def test_disconnecting_while_the_provider_repeats_the_grant(self):
        for status in (400, 500, 302):
            _, _, connection = self.filled()
            with self.emulator.answered("revoke", status=status, headers={"Location": "/?t=" + urllib.parse.quote(self.echo()[:1000])}, body=self.echo()), \
                    self.emulator.trouble("forbidden", operation="channels.stop"):
                self.assertEqual(self.stack.app.delete(f"/api/calendar/connections/{connection}").status, 200)
        self.assertSilent()


class Feeds(Canaries):
    def test_private_addresses_of_feeds(self):
        owner = self.stack.new_owner()
        for number, feed in enumerate(({"status": 404}, {"status": 403}, {"status": 410}, {"status": 500, "type": "text/html"}, {"status": 401}, {},
                                       {"status": 302, "headers": {"Location": "http://127.0.0.1:9/%s"}}, {"status": 302, "headers": {"Location": "ftp://%s"}},
                                       {"status": 302, "headers": {"Location": "%s"}}, {"promised": 10 ** 6}, {"type": "application/%s"},
                                       {"headers": {"Content-Encoding": "gzip"}}, {"status": 429, "headers": {"Retry-After": "%s"}})):
            path = f"/{self.note('feed path', mark('private'))}/basic.ics?key={self.note('feed query', mark('key'))}"
            said = " ".join(self.secrets.values())
            text = FEED % (self.note("title of a feed", mark("title"))) if number % 2 else said
            feed = json.loads(json.dumps(feed).replace("%s", urllib.parse.quote(path, safe="")))
            self.feeds.publish(path, text, **feed)
            connection = self.stack.connect_feed(owner, self.feeds.url(path))
            self.stack.wait_row(connection, lambda row: (row["last_synced_at"] or row["last_error"]) and row["lease_until"] is None, "it was tried")
            self.stack.app.get(f"/api/calendar/connections/{connection}")
        for url in ("http://127.0.0.1:9/{0}", "http://{0}@127.0.0.1/x.ics", "http://a:{0}@127.0.0.1/x.ics", "http://nowhere.invalid/{0}", "gopher://{0}", "{0}",
                    "http://127.0.0.1:99999/{0}", "http://127.0.0.1/x#{0}", "http://[::{0}]/", "webcal://127.0.0.1:9/{0}", "http://127.0.0.1/ {0}"):
            answer = self.stack.app.post("/api/calendar/connections", {"provider_id": owner, "provider": "ics", "url": url.format(
                self.note("feed address", mark("private")))})
            self.assertIn(answer.status, (200, 201, 422), answer.text)
            if answer.status < 300:
                self.stack.wait_row(answer.json()["connection_id"], lambda row: row["last_error"], "it was tried")
        self.stack.app.get("/api/calendar/connections", provider_id=owner)
        self.assertSilent()
