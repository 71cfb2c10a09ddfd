# SPDX-License-Identifier: Apache-2.0
"""The provider emulator, seen through the proxy that counts, holds and breaks calls; and people's actions at the provider."""
import contextlib
import json
import urllib.parse

from client import send
from daemon import Daemon, base_environment
from provider_proxy import Hold, Proxy, Rule
from waiting import wait_until

TARGETS = {
    "api": lambda path: path.startswith(("/calendar/v3", "/graph/v1.0")),
    "events": lambda path: path.startswith("/calendar/v3") and path.endswith("/events"),
    "calendar_list": lambda path: path.endswith("/calendarList"),
    "token": lambda path: path == "/token",
    "graph_events": lambda path: path.endswith("/calendarView/delta"),
    "graph_series": lambda path: path.startswith("/graph/") and "/events/" in path,
    "graph_calendars": lambda path: path.endswith("/me/calendars"),
    "graph_subscriptions": lambda path: path.startswith("/graph/v1.0/subscriptions"),
    "graph_me": lambda path: path == "/graph/v1.0/me",
    "entra": lambda path: path.endswith("/oauth2/v2.0/token"),
    "revoke": lambda path: path == "/revoke",
    "userinfo": lambda path: path == "/v1/userinfo",
}


class Emulator:
    def __init__(self, program, home, redirect_uris, client_secret):
        port_file = home / "emulator.port"
        self.process = Daemon("emulator", [program, "--host", "127.0.0.1", "--port", "0", "--port-file", port_file, "--client-id",
                                           "e2e-client",
                                           "--client-secret", client_secret, "--redirect-uri", *redirect_uris], base_environment())

        def listening():
            if not self.process.alive():
                raise AssertionError(f"the emulator ended: {self.process.raw[-5:]}")
            return port_file.exists() and port_file.read_text().strip()
        self.port = int(wait_until(listening, 15, "the emulator listens"))
        self.direct = f"http://127.0.0.1:{self.port}"
        self.proxy = Proxy(self.port)
        self.root = f"http://127.0.0.1:{self.proxy.port}"
        self.raw = {}  # (address, event id) -> text
        self.proxy.benders.append(self._answer_raw_events)

    def end(self):
        self.proxy.close()
        self.process.end()

    def control(self, method, path, body=None):
        answer = send(method, self.direct + "/control" + path, body)
        if answer.status >= 300:
            raise AssertionError(f"{method} /control{path} answers {answer.status} {answer.text}")
        return answer.json() if answer.body else None

    # -- what happened

    def calls(self, account=None, path=None):
        """Calls so far, of one account, below one path."""
        return [call for call in list(self.proxy.calls)
                if (account is None or call["account"] == account) and (path is None or call["path"].startswith(path))]

    def issued(self):
        """Every code and token given out."""
        return list(self.proxy.accounts)

    # -- bad days

    @contextlib.contextmanager
    def rule(self, target, act, account=None, skip=0, count=None, where=lambda call: True):
        rule = Rule(lambda call: TARGETS[target](call["path"]) and account in (None, call["account"]) and where(call), act, skip, count)
        self.proxy.rules.append(rule)
        try:
            yield rule
        finally:
            self.proxy.rules.remove(rule)

    def answered(self, target, account=None, status=200, headers=None, body="", skip=0, count=None):
        """Calls are answered so, whatever the emulator would say."""
        text = body if isinstance(body, str) else json.dumps(body)
        fields = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        return self.rule(target, lambda exchange: exchange.answer(status, list(fields.items()), text.encode()), account, skip, count)

    @contextlib.contextmanager
    def trouble(self, kind, account=None, operation=None, sync_token=None, **order):
        """A fault of the emulator's own (see tests/emulator/README.md): of one operation, else of all of an API; for all
        matching calls unless `times` is given."""
        match = {"account": account, "operation": operation, "sync_token": sync_token,
                 "path_regex": None if operation else "^/(calendar/v3|graph/v1.0)/"}
        body = {"kind": kind, "times": -1, "match": {name: value for name, value in match.items() if value is not None}, **order}
        fault = self.control("POST", "/faults", body)["id"]
        try:
            yield
        finally:
            self.control("DELETE", f"/faults/{fault}")

    def outage(self, **order):
        """503 on everything: the Calendar API, the token endpoint, the consent page."""
        return self.trouble("unavailable", match={"path_prefix": "/"}, **order)

    @contextlib.contextmanager
    def settings(self, **changes):
        """Switches of the emulator's, back to what they were afterwards."""
        before = self.control("GET", "/settings")
        self.control("POST", "/settings", changes)
        try:
            yield
        finally:
            self.control("POST", "/settings", {name: before[name] for name in changes})

    @contextlib.contextmanager
    def hold(self, target, account=None, after=0):
        """Calls wait from the `after`th on, until the block is left."""
        hold = Hold()
        with self.rule(target, hold.act, account, skip=after):
            try:
                yield hold
            finally:
                hold.released.set()

    @contextlib.contextmanager
    def bend(self, account, change, target="events"):
        """change(answer, call) may alter the JSON of good answers in place."""
        def bender(call, status, content):
            if status != 200 or call["account"] != account or not TARGETS[target](call["path"]):
                return content
            answer = json.loads(content)
            change(answer, call)
            return json.dumps(answer).encode()
        self.proxy.benders.append(bender)
        try:
            yield
        finally:
            self.proxy.benders.remove(bender)

    # -- what people do

    def add_account(self, email, zone="Europe/Berlin"):
        """An account with an empty primary calendar, whose id is the address."""
        self.control("POST", "/accounts", {"email": email, "name": email, "timeZone": zone})

    def add_calendar(self, email, calendar_id, name, zone):
        self.control("POST", "/calendars", {"email": email, "id": calendar_id, "summary": name, "timeZone": zone})

    def rename_calendar(self, email, calendar_id, name):
        """The name that this account has for it."""
        self.control("PATCH", "/calendars", {"email": email, "calendar_id": calendar_id, "summaryOverride": name})

    def remove_calendar(self, email, calendar_id):
        self.control("DELETE", "/calendars", {"email": email, "calendar_id": calendar_id})

    def put_event(self, email, calendar_id, event):
        self.raw.pop((email, event["id"]), None)
        return self.control("POST", "/events", {"email": email, "calendar_id": calendar_id, "event": event})

    def put_events(self, email, calendar_id, events):
        for event in events:
            self.put_event(email, calendar_id, event)

    def delete_event(self, email, calendar_id, event_id):
        self.control("DELETE", "/events", {"email": email, "calendar_id": calendar_id, "event_id": event_id})

    def put_raw_event(self, email, event_id, text):
        """From now on the event is answered as this text, which need not be what Google would ever say."""
        self.raw[email, event_id] = text

    def mend_silently(self, email, event_id):
        """The event is answered as it is, from now on, without having changed."""
        del self.raw[email, event_id]

    def _answer_raw_events(self, call, status, content):
        mine = {event_id: text for (email, event_id), text in self.raw.items() if email == call["account"]}
        if not mine or status != 200 or not TARGETS["events"](call["path"]):
            return content
        answer = json.loads(content)
        items = [mine.get(item["id"], json.dumps(item)) for item in answer.pop("items")]
        return (json.dumps(answer)[:-1] + ', "items": [' + ", ".join(items) + "]}").encode()

    def truth(self, email):
        """Calendars of the account by id: {"time_zone", "events"}; events that are answered as raw texts are left out."""
        state = self.control("GET", "/state?email=" + urllib.parse.quote(email))
        kinds = ("events", "exceptions", "cancelled_occurrences")
        return {one["calendar"]["id"]: {"time_zone": one["calendar"]["timeZone"],
                                        "events": [event for kind in kinds for event in one[kind] if (email, event["id"]) not in self.raw]}
                for one in state["calendars"] if not one["calendar"]["deleted"]}

    def live_events(self, email):
        return [event for calendar in self.truth(email).values() for event in calendar["events"]]

    # -- push messages

    def deliveries(self, channel_id, **wanted):
        """Attempts to deliver messages of this channel so far, with these fields."""
        found = self.control("GET", "/push/deliveries?" + urllib.parse.urlencode({"channel_id": channel_id}))["deliveries"]
        return [one for one in found if all(one[name] == value for name, value in wanted.items())]

    def wait_delivery(self, channel_id, timeout=20, **wanted):
        return wait_until(lambda: self.deliveries(channel_id, **wanted), timeout, f"a delivery {wanted} of the channel {channel_id}")

    # -- grants

    def choose(self, consent, email, deny=False, scopes=None, refresh_token=True):
        """The address that the consent page's button leads to."""
        if deny:
            return consent + "&emulator_decision=deny"
        if not refresh_token:
            self.control("POST", "/settings", {"omit_refresh_token_once": True})
        choices = [("emulator_account", email), *[("emulator_scopes", scope) for scope in (scopes or "").split()]]
        return consent + "&" + urllib.parse.urlencode(choices)

    def expire_tokens(self, email):
        """Access tokens end before their time."""
        self.control("POST", "/tokens/expire-access", {"email": email})

    def expire_cursors(self, email):
        self.control("POST", "/tokens/expire-sync", {"email": email})

    def revoke_grant(self, email):
        self.control("POST", "/tokens/revoke", {"email": email})

    def has_grant(self, email):
        return self.control("GET", "/accounts/" + urllib.parse.quote(email))["refresh_tokens"] > 0
