# SPDX-License-Identifier: Apache-2.0
"""Canaries whose accounts are Microsoft's: what is secret there, and a provider that repeats all of it."""
import json
import re
import urllib.parse
import uuid

from canaries import PERSONAL, TABLES, Canaries, mark
from client import Browser, query_of
from microsoft import CONTROL, day, meeting, offer

# Tokens of links: whoever has one still needs an access token, but it is nobody's business.
LINK_TOKEN = re.compile(r"(?:delta|skip)token=([^\"&\\]+)")


class MicrosoftCanaries(Canaries):
    # Whether payloads are looked at: who says a secret in the place of an event has it kept with the event, as all that was said of it.
    PAYLOADS = True

    @classmethod
    def prepare(cls):
        offer(cls.stack, cls.stack.emulator.root)

    def control(self, method, path, body=None):
        return self.emulator.control(method, CONTROL + path, body)

    def account(self, events=()):
        email = f"{uuid.uuid4().hex[:10]}@example.com"
        self.control("POST", "/accounts", {"email": email, "kind": "work"})
        for event in events:
            self.control("POST", "/events", {"email": email, "event": event})
        return email

    def private_event(self):
        marks = {kind: self.note(f"{kind} of an event", mark(kind)) for kind in PERSONAL[:3]}
        guest, organizer = (self.note(f"{kind} of an event", mark(kind).replace("_", "-").lower() + "@people.example") for kind in PERSONAL[3:])
        return meeting(marks["title"], day(2), body={"contentType": "text", "content": marks["description"]},
                       location={"displayName": marks["location"]}, isOrganizer=False, organizer={"emailAddress": {"address": organizer}},
                       attendees=[{"emailAddress": {"address": guest, "name": self.note("attendee name", mark("Ada"))}, "type": "required"}])

    def filled(self):
        """(owner, address, connection) of an account that is full of what is nobody's business, a series among it."""
        series = {**self.private_event(), "recurrence": {"pattern": {"type": "daily", "interval": 1}, "range": {
            "type": "numbered", "startDate": day(2), "numberOfOccurrences": 3}}}
        email, owner, browser = self.account([self.private_event(), series]), self.stack.new_owner(), Browser()
        self.control("PATCH", "/calendars", {"email": email, "name": self.note("name of a calendar", mark("calendar"))})
        link = self.stack.oauth_link(owner, provider="microsoft")
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

    def reconnect(self, owner, email):
        self.assertEqual(self.stack.finish_oauth(owner, email, provider="microsoft").status, 200)

    def learn(self):
        super().learn()
        for row in self.control("GET", "/subscriptions")["subscriptions"]:
            # Before the dot stands the channel's name, which is none.
            self.note("clientState", row["client_state"].split(".")[1])
        links = [cursor for cursor in self.sql.column("SELECT sync_cursor FROM external_calendar_connections WHERE provider = 'microsoft'") if cursor]
        for call in self.emulator.calls(path="/graph/"):
            links += [f"{name[1:]}={value}" for name, value in call["query"].items() if name in ("$deltatoken", "$skiptoken")]
        for link in links:
            for token in LINK_TOKEN.findall(link):
                self.note("linktoken", urllib.parse.unquote(token))

    def tables(self):
        """The position is where the tokens of links belong; nothing else of its row is."""
        for place, text, allowed in super().tables():
            if place == "table external_calendar_connections":
                rows = self.sql.column("SELECT (to_jsonb(t) - 'sync_cursor')::text FROM external_calendar_connections t")
                yield place, "\n".join(rows), allowed
                yield "the positions", "\n".join(row or "" for row in self.sql.column("SELECT sync_cursor FROM external_calendar_connections")), (
                    "linktoken",)
            elif place == "table external_calendar_events" and not self.PAYLOADS:
                rows = self.sql.column("SELECT (to_jsonb(t) - 'raw_payload')::text FROM external_calendar_events t")
                yield place, "\n".join(rows), TABLES["external_calendar_events"]
            else:
                yield place, text, TABLES.get(place.removeprefix("table "), allowed)

    # -- a provider that repeats everything

    def names(self):
        """Secrets that look like the name of an error."""
        return [secret for secret in self.secrets.values() if re.fullmatch(r"[A-Za-z0-9_.]{8,80}", secret)]

    def refusals_of_graph(self, said):
        """(status, headers, body)."""
        line, names = said.replace("\n", " "), self.names()
        inner = {"code": said, "date": line, "request-id": said, "client-request-id": said, "innerError": {"code": names[0]}}
        heads = {"request-id": line, "client-request-id": line, "WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{line}"',
                 "Retry-After": "1"}
        for status in (400, 401, 403, 404, 409, 410, 412, 423, 429, 500, 503, 504, 507, 509):
            name = (said, names[status % len(names)], "ErrorInternalServerError")[status % 3]
            yield status, heads, json.dumps({"error": {"code": name, "message": said, "innerError": inner, "details": [{"code": name, "message": said}]}})
        for status in (400, 403, 404, 409, 503):
            yield status, {}, json.dumps({"error": {"code": names[0], "message": f"Bad {names[-1]}", "innererror": {"code": names[-1]}}})
        yield 410, {"Location": "http://127.0.0.1:9/?" + urllib.parse.urlencode({"$deltatoken": said})}, json.dumps(
            {"error": {"code": "syncStateNotFound", "message": said}})
        yield 401, {}, json.dumps({"error": said})
        yield 401, {}, json.dumps({"error": {"code": "InvalidAuthenticationToken", "message": said}})
        yield 404, {}, json.dumps({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": said}})
        yield 429, {"Retry-After": line}, json.dumps({"error": {"code": "TooManyRequests", "message": said}})

    def refusals_of_entra(self, said):
        names = self.names()
        for status, error, number in ((400, "invalid_grant", 50173), (400, "invalid_grant", 700082), (401, "invalid_client", 7000215),
                                      (401, "invalid_client", 7000222), (400, "interaction_required", 50076), (400, "invalid_scope", 70011),
                                      (400, "unauthorized_client", 700016), (400, said, 7), (400, names[0], 90002), (503, "temporarily_unavailable", 90033),
                                      (429, "invalid_grant", 90055)):
            body = {"error": error, "error_description": f"AADSTS{number}: {said}\r\nTrace ID: {said}", "error_codes": [number], "suberror": said,
                    "claims": said, "trace_id": said, "correlation_id": said, "timestamp": said, "error_uri": "https://x.example/?" + said}
            yield status, {"x-ms-request-id": said.replace("\n", " "), "Retry-After": "1"}, json.dumps(body)
            yield status, {}, json.dumps({**body, "error_codes": [said], "suberror": names[-1], "error_description": f"AADSTS{names[0]} {said}"})

    def answers_of_anybody(self, said):
        line = said.replace("\n", " ")
        yield 502, {"Content-Type": "text/html"}, f"<html><title>{said}</title></html>"
        yield 302, {"Location": "http://127.0.0.1:9/?" + urllib.parse.urlencode({"token": said})}, said
        yield 301, {"Location": line}, said
        yield 200, {}, said
        yield 200, {}, '{"value": [' + json.dumps(said) + ", oh"
        yield 200, {"Content-Type": line[:200]}, json.dumps({"access_token": said, "refresh_token": said, "id_token": said, "value": [said], "id": said})
        yield 200, {}, json.dumps({"access_token": 1, "token_type": said, "scope": said})
        yield 200, {"Content-Encoding": "gzip"}, said
        yield 200, {"X-Bad\x01Header": line}, said

    def pages_with_bad_links(self, said):
        quoted, here = urllib.parse.quote(said, safe=""), self.stack.emulator.root
        for link in (f"http://127.0.0.1:9/?$deltatoken={quoted}", f"{here}/graph/v1.0/{quoted}", said, f"ftp://{quoted}", f"http://a:{quoted}@127.0.0.1/"):
            for name in ("@odata.nextLink", "@odata.deltaLink"):
                yield 200, {}, json.dumps({"value": [], name: link})
        yield 200, {}, json.dumps({"value": [], "@odata.nextLink": said, "@odata.deltaLink": said})
        odd = {"id": said, "type": said, "start": said, "recurrence": {"pattern": said}}
        yield 200, {}, json.dumps({"value": [said, {"id": said}, {"@removed": said}, odd]})
